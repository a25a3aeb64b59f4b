/*
 * What ranks say to each other that share the trials of a comparison out: rank 0 sends a trial, the
 * rank that trains it sends what came of it.
 */
#ifndef RNL_CLI_TRIAL_LETTERS_H
#define RNL_CLI_TRIAL_LETTERS_H

#include <runnel/runnel.h>

#include <stdbool.h>

typedef enum rnl_trial_word {
    RNL_TRIAL_BEGIN,   /* to train: the path of its directory at rank 0, and the files in it */
    RNL_TRIAL_STANDS,  /* the files of one that goes on, with another checkpoint */
    RNL_TRIAL_ENDED,   /* the files, and the exit code */
    RNL_TRIAL_REFUSED, /* it could not begin; a text */
    RNL_TRIAL_DAMAGED, /* tells rank 0 that a letter of its own was; the sender leaves */
    RNL_TRIAL_STOP,    /* end what runs; code: the signal */
    RNL_TRIAL_LEAVE    /* nothing more comes */
} rnl_trial_word;

typedef struct rnl_trial_letter {
    uint32_t word;
    int32_t code;
    uint64_t number; /* of the trial */
} rnl_trial_letter;

/* A letter as it came. */
typedef struct rnl_trial_post {
    size_t rank; /* it is from */
    rnl_trial_letter letter;
    const char *text; /* that was sent, or "" */
    const char *rest; /* (rest_size) the files */
    size_t rest_size;
    bool damaged;
    void *bytes; /* of all of it, to be freed with free; NULL: no letter came, or a damaged one */
} rnl_trial_post;

/* Sends a letter, with a text and the files of a directory where they are not NULL.  RNL_JOB if the
 * job is broken; if memory runs out or the files cannot be read, complains and returns RNL_IO. */
rnl_status rnl_trial_send(rnl_job *job, size_t rank, rnl_trial_letter letter, const char *folder,
                          const char *text);

/* Takes the next letter, if one has come.  One that is damaged has no bytes.  False, and complains,
 * if the job is broken. */
bool rnl_trial_receive(rnl_job *job, rnl_trial_post *post);

#endif
