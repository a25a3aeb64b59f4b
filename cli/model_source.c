#include "cli/model_source.h"
#include "cli/messages.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int rnl_arguments_load_config(const rnl_arguments *arguments, rnl_config **config)
{
    return rnl_complain_status(rnl_config_load(config, arguments->operands[0], arguments->overrides,
                                               arguments->override_count));
}

int rnl_arguments_load_model(const rnl_arguments *arguments, rnl_model **model)
{
    return rnl_complain_status(rnl_model_load(model, arguments->operands[0], arguments->overrides,
                                              arguments->override_count));
}

/* A safetensors file begins with the length of its header, 8 bytes little-endian, and the '{' of
 * its header.  No text begins so: its first 8 characters would stand for more than 2^56. */
bool rnl_is_model_file(const char *path)
{
    unsigned char start[9];
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    const ssize_t count = read(file, start, sizeof start);
    close(file);
    return count == sizeof start && start[7] == 0 && start[8] == '{';
}

static bool is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static rnl_status create_model(rnl_model **model, const char *path, const rnl_arguments *arguments)
{
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_status status =
        rnl_config_load(&config, path, arguments->overrides, arguments->override_count);
    if (status == RNL_OK)
        status = rnl_data_load(&data, config, RNL_TRAIN);
    if (status == RNL_OK)
        status = rnl_model_create(model, config, data);
    rnl_data_free(data);
    rnl_config_free(config);
    return status;
}

rnl_status rnl_model_open(rnl_model **model, const char *path, const rnl_arguments *arguments)
{
    return rnl_is_model_file(path) || is_directory(path)
               ? rnl_model_load(model, path, arguments->overrides, arguments->override_count)
               : create_model(model, path, arguments);
}
