/*
 * The directory of a run and the files in it.
 */
#ifndef RNL_CLI_RUN_DIRECTORY_H
#define RNL_CLI_RUN_DIRECTORY_H

#include <runnel/runnel.h>

#include <stdbool.h>

typedef struct rnl_run_directory {
    char *path;
    char *model;       /* DIR/model.safetensors */
    char *best;        /* DIR/best.safetensors */
    char *last;        /* DIR/last.safetensors */
    char *history;     /* DIR/history.csv */
    char *inspection;  /* DIR/inspect.csv */
    char *trace;       /* DIR/trace.csv */
    char *failure;     /* DIR/failure.txt: what ended a run that was looked inside */
    char *checkpoint;  /* DIR/checkpoint.safetensors */
    char *previous;    /* DIR/checkpoint.safetensors.previous */
    int lock;          /* a descriptor of the directory, locked; -1: not yet */
    bool claimed_late; /* locked when it was made: another run may have been in it until then */
} rnl_run_directory;

/* The paths alone; nothing is made.  output NULL: runs/NAME.  Complains and returns false if memory
 * runs out. */
bool rnl_run_directory_name(rnl_run_directory *directory, const char *output, const char *name);
void rnl_run_directory_release(rnl_run_directory *directory);

/* The path of a file of an earlier run that is there; NULL: none. */
const char *rnl_run_directory_occupied(const rnl_run_directory *directory);

/* Refuses both options together, and a file of an earlier run (`occupied`, or NULL) without either.
 * Returns the exit code. */
int rnl_run_directory_check(const char *command, const char *occupied, bool force, bool resume);

/* Complains and returns true if the run writes a file that is this input of it. */
bool rnl_run_directory_writes(const rnl_run_directory *directory, const char *input);

/* Complains and returns true if one of its files is the configuration's, or one that its data are
 * read from. */
bool rnl_run_directory_is_input(const rnl_run_directory *directory, const char *config_path,
                                const rnl_config *config);

/* Locks the directory against other runs until it is released, if it is there.  Complains and
 * returns false if another run has it.  A file system without locks is warned of. */
bool rnl_run_directory_claim(rnl_run_directory *directory);

/* Makes the directory and its parents, locks it, and removes what a killed run left unfinished.
 * Complains and returns false if that fails. */
bool rnl_run_directory_make(rnl_run_directory *directory);

/* Goes on from the last checkpoint, or the one before where the last is damaged, which is told: the
 * model, and the path.  Both stay as they are, with RNL_OK, if there is none. */
rnl_status rnl_run_directory_resume(const rnl_run_directory *directory, const rnl_config *config,
                                    rnl_model **model, const char **path);

/* Removes all that an earlier run left, the model first: it would otherwise be taken for this
 * one's, also where this one fails.  Complains and returns false if that fails. */
bool rnl_run_directory_forget(const rnl_run_directory *directory);

#endif
