#include "engine/model/position.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS (RNL_MAX_METRICS + 21)
#define AFTER   (RNL_MAX_METRICS + 4)

/* step, epoch, rows, the sums as the bits of doubles; after them the training rows, the product,
 * the plateau, the schedule, the patience, the rate that was found, and where figures were told. */
static void to_numbers(const rnl_position *position, uint64_t numbers[NUMBERS])
{
    numbers[0] = position->step;
    numbers[1] = position->epoch;
    numbers[2] = position->sums.rows;
    memcpy(&numbers[3], &position->sums.loss, sizeof(double));
    memcpy(&numbers[4], position->sums.metrics, sizeof position->sums.metrics);
    numbers[AFTER] = position->train_rows;
    memcpy(&numbers[AFTER + 1], &position->momentum_product, sizeof(double));
    numbers[AFTER + 2] = position->plateau.looked;
    numbers[AFTER + 3] = position->plateau.wait;
    numbers[AFTER + 4] = position->plateau.cooldown;
    memcpy(&numbers[AFTER + 5], &position->plateau.best, sizeof(double));
    memcpy(&numbers[AFTER + 6], &position->plateau.learning_rate, sizeof(double));
    numbers[AFTER + 7] = position->schedule_start;
    numbers[AFTER + 8] = position->schedule_epochs;
    numbers[AFTER + 9] = position->patience.best_epoch;
    memcpy(&numbers[AFTER + 10], &position->patience.best, sizeof(double));
    numbers[AFTER + 11] = position->patience.wait;
    numbers[AFTER + 12] = position->patience.over;
    memcpy(&numbers[AFTER + 13], &position->found_rate, sizeof(double));
    numbers[AFTER + 14] = position->rows;
    numbers[AFTER + 15] = position->told_step;
    numbers[AFTER + 16] = position->patience.best_step;
}

void rnl_position_print(const rnl_position *position, char text[RNL_POSITION_TEXT])
{
    uint64_t numbers[NUMBERS];
    to_numbers(position, numbers);
    size_t length = 0;
    for (size_t i = 0; i < NUMBERS; ++i)
        length += (size_t)sprintf(text + length, i > 0 ? " %llx" : "%llx",
                                  (unsigned long long)numbers[i]);
}

bool rnl_position_parse(rnl_position *position, const char *text)
{
    uint64_t numbers[NUMBERS];
    for (size_t i = 0; i < NUMBERS; ++i) {
        char *end;
        numbers[i] = strtoull(text, &end, 16);
        if (end == text)
            return false;
        text = end;
    }
    position->step = numbers[0];
    position->epoch = numbers[1];
    position->sums.rows = numbers[2];
    memcpy(&position->sums.loss, &numbers[3], sizeof(double));
    memcpy(position->sums.metrics, &numbers[4], sizeof position->sums.metrics);
    position->train_rows = numbers[AFTER];
    memcpy(&position->momentum_product, &numbers[AFTER + 1], sizeof(double));
    position->plateau.looked = numbers[AFTER + 2];
    position->plateau.wait = numbers[AFTER + 3];
    position->plateau.cooldown = numbers[AFTER + 4];
    memcpy(&position->plateau.best, &numbers[AFTER + 5], sizeof(double));
    memcpy(&position->plateau.learning_rate, &numbers[AFTER + 6], sizeof(double));
    position->schedule_start = numbers[AFTER + 7];
    position->schedule_epochs = numbers[AFTER + 8];
    position->patience.best_epoch = numbers[AFTER + 9];
    memcpy(&position->patience.best, &numbers[AFTER + 10], sizeof(double));
    position->patience.wait = numbers[AFTER + 11];
    position->patience.over = numbers[AFTER + 12];
    memcpy(&position->found_rate, &numbers[AFTER + 13], sizeof(double));
    position->rows = numbers[AFTER + 14];
    position->told_step = numbers[AFTER + 15];
    position->patience.best_step = numbers[AFTER + 16];
    return *text == '\0';
}
