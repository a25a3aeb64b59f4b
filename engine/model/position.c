#include "engine/model/position.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS (RNL_MAX_METRICS + 26)
#define EARLIER (RNL_MAX_METRICS + 22) /* before there were phases */
#define AFTER   (RNL_MAX_METRICS + 4)

/* The order of the numbers: step, epoch, rows, the sums as the bits of doubles; then training rows,
 * product of momenta, plateau, schedule, patience, found rate, reported step, the optimizer's
 * offset, the phase. */
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
    numbers[AFTER + 15] = position->reported_step;
    numbers[AFTER + 16] = position->patience.best_step;
    numbers[AFTER + 17] = position->sums.missed;
    numbers[AFTER + 18] = position->optimizer_offset;
    numbers[AFTER + 19] = position->phase;
    numbers[AFTER + 20] = position->phase_step;
    numbers[AFTER + 21] = position->phase_epoch;
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

/* Reads numbers as rnl_position_print writes them, or did when it wrote fewer; the others are 0. */
static bool read_numbers(uint64_t numbers[NUMBERS], const char *text)
{
    memset(numbers, 0, NUMBERS * sizeof *numbers);
    for (size_t i = 0; i < NUMBERS; ++i) {
        const size_t digits = strspn(text, "0123456789abcdef");
        if (digits == 0 || digits > 16)
            return false;
        numbers[i] = strtoull(text, NULL, 16);
        text += digits;
        if (*text == '\0')
            return i + 1 == NUMBERS || i + 1 == EARLIER;
        if (*text++ != ' ')
            return false;
    }
    return false;
}

/* Tests if the phase began where a phase can, and the optimizer's steps are a count.  Phases that
 * initial_epoch leaves out have epochs, but no steps. */
static bool has_possible_phase(const rnl_position *p)
{
    return p->phase <= p->phase_epoch && p->phase_step <= p->step && p->phase_epoch <= p->epoch &&
           (p->phase > 0 || p->phase_step + p->phase_epoch == 0) &&
           rnl_position_optimizer_step(p) <= UINT64_MAX / 4;
}

/* Checks what holds for every position at which a checkpoint can be saved. */
static bool is_possible(const rnl_position *p)
{
    const rnl_plateau *plateau = &p->plateau;
    const rnl_patience *patience = &p->patience;
    return p->step > 0 && has_possible_phase(p) && p->train_rows > 0 && p->rows <= p->train_rows &&
           (p->epoch > 0 || p->rows > 0) && p->reported_step <= p->step &&
           p->sums.rows / p->train_rows <= p->step && isfinite(p->sums.loss) &&
           p->momentum_product >= 0 && p->momentum_product <= 1 && p->schedule_start <= p->step &&
           p->found_rate >= 0 && isfinite(p->found_rate) && plateau->looked <= 1 &&
           plateau->wait <= p->step && plateau->learning_rate >= 0 &&
           isfinite(plateau->learning_rate) && patience->best_step <= p->step &&
           (patience->best_epoch > 0) == (patience->best_step > 0) &&
           patience->best_epoch <= p->epoch + 1 && !isnan(patience->best) &&
           patience->wait <= p->step && patience->over <= 1;
}

bool rnl_position_parse(rnl_position *position, const char *text)
{
    uint64_t numbers[NUMBERS];
    if (!read_numbers(numbers, text))
        return false;
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
    position->reported_step = numbers[AFTER + 15];
    position->patience.best_step = numbers[AFTER + 16];
    position->sums.missed = numbers[AFTER + 17];
    position->optimizer_offset = numbers[AFTER + 18];
    position->phase = numbers[AFTER + 19];
    position->phase_step = numbers[AFTER + 20];
    position->phase_epoch = numbers[AFTER + 21];
    return is_possible(position);
}
