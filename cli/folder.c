#include "cli/folder.h"

#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/text_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME 256

/* Files of a directory at most. */
#define MOST_FILES 1000

/* What stands before a file's bytes. */
typedef struct head {
    char name[NAME];
    uint64_t size;
} head;

/* In the order in which they are read. */
static const char *const first[] = {"model.safetensors", "checkpoint.safetensors",
                                    "checkpoint.safetensors.previous"};

#define FIRST (sizeof first / sizeof *first)

bool rnl_pack_add(rnl_pack *pack, const void *bytes, size_t size)
{
    if (pack->size + size > pack->room) {
        const size_t room = 2 * pack->room + size;
        char *grown = realloc(pack->bytes, room);
        if (!grown)
            return false;
        pack->bytes = grown;
        pack->room = room;
    }
    if (size > 0)
        memcpy(pack->bytes + pack->size, bytes, size);
    pack->size += size;
    return true;
}

/* Adds the head and as many bytes as the file has now: more may come. */
static bool add_stream(rnl_pack *pack, const char *name, FILE *file)
{
    head own = {.size = 0};
    char block[1 << 16];
    const size_t at = pack->size;
    snprintf(own.name, sizeof own.name, "%s", name);
    bool added = rnl_pack_add(pack, &own, sizeof own);
    for (size_t count; added && (count = fread(block, 1, sizeof block, file)) > 0;)
        added = rnl_pack_add(pack, block, count);
    own.size = pack->size - at - sizeof own;
    if (added)
        memcpy(pack->bytes + at, &own, sizeof own);
    return added && !ferror(file);
}

/* *left_out: what is no file, or is gone meanwhile. */
static FILE *open_file(const char *path, bool *left_out)
{
    struct stat status;
    const bool is_there = stat(path, &status) == 0;
    const bool is_other = is_there && !S_ISREG(status.st_mode);
    FILE *file = is_there && !is_other ? fopen(path, "rbe") : NULL;
    *left_out = is_other || (!file && errno == ENOENT);
    return file;
}

static bool add_file(rnl_pack *pack, const char *path, const char *name)
{
    bool left_out;
    char *whole = rnl_path_of(path, name);
    if (!whole)
        return false;
    FILE *file = open_file(whole, &left_out);
    free(whole);
    const bool added = file ? add_stream(pack, name, file) : left_out;
    if (file)
        fclose(file);
    return added;
}

static bool is_first(const char *name)
{
    bool is = false;
    for (size_t i = 0; i < FIRST; ++i)
        is |= strcmp(name, first[i]) == 0;
    return is;
}

/* A name that a file only has while it is written. */
static bool is_temporary(const char *name)
{
    const size_t length = strlen(name);
    return strncmp(name, "checkpoint.safetensors.next", 27) == 0 ||
           (length > 4 && strcmp(name + length - 4, ".tmp") == 0);
}

static bool add_others(rnl_pack *pack, const char *path, DIR *entries)
{
    struct dirent *entry;
    while (errno = 0, (entry = readdir(entries)))
        if (!is_first(entry->d_name) && !is_temporary(entry->d_name) &&
            !add_file(pack, path, entry->d_name))
            return false;
    return errno == 0;
}

bool rnl_folder_pack(rnl_pack *pack, const char *path)
{
    bool added = true;
    DIR *entries = opendir(path);
    for (size_t i = 0; entries && added && i < FIRST; ++i)
        added = add_file(pack, path, first[i]);
    added = entries && added && add_others(pack, path, entries);
    if (!added)
        rnl_complain("%s cannot be read: %s", path, strerror(errno));
    if (entries)
        closedir(entries);
    return added;
}

/* ---- written --------------------------------------------------------------------------------- */

static bool write_file(const char *path, const head *own, const char *bytes)
{
    rnl_output_file output;
    char *whole = rnl_path_of(path, own->name);
    bool written = whole && rnl_output_open(&output, whole);
    if (written) {
        fwrite(bytes, 1, (size_t)own->size, output.file);
        written = rnl_output_close(&output, true);
    }
    free(whole);
    return written;
}

/* Reads the head of the next file; false if there is no whole one. */
static bool read_head(head *own, const char *bytes, size_t size)
{
    if (size < sizeof *own)
        return false;
    memcpy(own, bytes, sizeof *own);
    return own->size <= size - sizeof *own && memchr(own->name, '\0', NAME) &&
           !strchr(own->name, '/');
}

/* Files are written from the last to the first. */
static bool unpack(const char *path, const char *bytes, size_t size, size_t most)
{
    head own;
    if (size == 0)
        return true;
    if (most == 0 || !read_head(&own, bytes, size)) {
        rnl_complain("%s: what another rank sent is damaged", path);
        return false;
    }
    const size_t whole = sizeof own + (size_t)own.size;
    return unpack(path, bytes + whole, size - whole, most - 1) &&
           write_file(path, &own, bytes + sizeof own);
}

bool rnl_folder_unpack(const char *path, const void *bytes, size_t size)
{
    return unpack(path, bytes, size, MOST_FILES);
}

/* ---- temporary ------------------------------------------------------------------------------- */

char *rnl_folder_make(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/runnel-XXXXXX", parent && *parent ? parent : "/tmp") < 0) {
        rnl_complain_memory();
        return NULL;
    }
    if (mkdtemp(path))
        return path;
    rnl_complain("cannot make a directory for a trial, %s: %s", path, strerror(errno));
    free(path);
    return NULL;
}

void rnl_folder_remove(const char *path)
{
    DIR *entries = opendir(path);
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));)
        unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(path);
}
