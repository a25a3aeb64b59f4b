/*
 * The files of a run's directory in memory, to be sent.
 */
#ifndef RNL_CLI_FOLDER_H
#define RNL_CLI_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that grow. */
typedef struct rnl_pack {
    char *bytes; /* (size), to be freed with free */
    size_t size, room;
} rnl_pack;

/* False if memory runs out. */
bool rnl_pack_add(rnl_pack *pack, const void *bytes, size_t size);

/* Adds the files of the directory, which may still be written to: the model and the checkpoint are
 * read before what grows with a run.  Complains and returns false if that fails. */
bool rnl_folder_pack(rnl_pack *pack, const char *path);

/* Writes the files into the directory: the checkpoint after what grows with a run, and the model
 * last.  Complains and returns false if that fails; nothing is written of bytes that are damaged.
 */
bool rnl_folder_unpack(const char *path, const void *bytes, size_t size);

/* Makes a directory of its own for temporary files; returns its path, to be freed, or complains and
 * returns NULL. */
char *rnl_folder_make(void);

/* Removes it with its files. */
void rnl_folder_remove(const char *path);

#endif
