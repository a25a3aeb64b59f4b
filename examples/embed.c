/* Trains a network from a configuration file inside of another program, stops it after a number of
 * epochs if that is asked for, and prints how well it does.
 *
 *     cc embed.c $(pkg-config --cflags --libs runnel) -o embed
 *     ./embed examples/spirals.yaml [EPOCHS]
 */
#include <runnel/runnel.h>
#include <stdio.h>
#include <stdlib.h>

static int print_epoch(const rnl_progress *progress, void *user)
{
    const size_t *most = user;
    printf("epoch %zu of %zu: %s %.4f\n", progress->epoch, progress->epochs,
           progress->figures[0].name, progress->figures[0].value);
    return *most > 0 && progress->epoch >= *most;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: embed CONFIG [EPOCHS]\n");
        return 2;
    }
    size_t most = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    const rnl_options options = {.threads = 2, .on_epoch = print_epoch, .user = &most};
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    rnl_evaluation *evaluation = NULL;
    rnl_status status = rnl_config_load(&config, argv[1], NULL, 0);
    if (status == RNL_OK)
        status = rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION | RNL_TEST);
    if (status == RNL_OK)
        status = rnl_model_create(&model, config, data);
    if (status == RNL_OK)
        status = rnl_train(model, data, &options);
    if (status == RNL_OK || status == RNL_STOPPED)
        status = rnl_evaluate(model, data, RNL_TEST, NULL, &evaluation);
    if (status == RNL_OK)
        printf("test rows: %zu, loss %.4f\n", evaluation->rows, evaluation->figures[0].value);
    else
        fprintf(stderr, "%s\n", rnl_message());
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
    return status == RNL_OK ? 0 : 1;
}
