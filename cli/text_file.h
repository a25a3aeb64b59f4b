/*
 * Files of a directory, and their text.
 */
#ifndef RNL_CLI_TEXT_FILE_H
#define RNL_CLI_TEXT_FILE_H

/* "DIRECTORY/NAME", to be freed; complains and returns NULL if memory ran out. */
char *rnl_path_of(const char *directory, const char *name);

/* The file itself, or DIRECTORY/NAME of any other path; likewise. */
char *rnl_run_file(const char *run, const char *name);

/* Text in memory of its own; complains and returns NULL if the file cannot be read. */
char *rnl_text_read(const char *path);

#endif
