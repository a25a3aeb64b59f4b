/*
 * The files that data are read from.
 */
#include "engine/schema/config.h"

#include <sys/stat.h>

/* Any text of a part may be a path: none but those of files is the same file. */
static bool reads(const rnl_choice *part, const struct stat *about)
{
    const rnl_field *field = part->kind ? part->kind->fields : NULL;
    for (; field && field->key; ++field) {
        struct stat read;
        const char *const *text = (const void *)((const char *)part->parameters + field->offset);
        if (field->type == RNL_FIELD_TEXT && *text && stat(*text, &read) == 0 &&
            read.st_dev == about->st_dev && read.st_ino == about->st_ino)
            return true;
    }
    return false;
}

static bool is_reused(const rnl_config *config, const struct stat *about)
{
    struct stat read;
    return config->reuse.path && stat(config->reuse.path, &read) == 0 &&
           read.st_dev == about->st_dev && read.st_ino == about->st_ino;
}

int rnl_config_reads(const rnl_config *config, const char *path)
{
    struct stat about;
    const rnl_data_config *data = &config->data;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) &&
           (reads(&data->train, &about) || reads(&data->validation, &about) ||
            reads(&data->test, &about) || reads(&config->training.schedule, &about) ||
            is_reused(config, &about));
}
