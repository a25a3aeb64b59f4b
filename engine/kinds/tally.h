/*
 * What metrics of classes need of the rows beyond a sum: how many are of each class and predicted
 * to be, and all their probabilities.
 */
#ifndef RNL_ENGINE_KINDS_TALLY_H
#define RNL_ENGINE_KINDS_TALLY_H

#include "engine/kinds/metrics.h"

/* Numbers of rows by class. */
enum { RNL_TALLY_TRUE, RNL_TALLY_PREDICTED, RNL_TALLY_RIGHT, RNL_TALLY_COUNTS };

typedef struct rnl_tally {
    size_t rows; /* so far */
    size_t classes;
    double *counts; /* (RNL_TALLY_COUNTS, classes) whole numbers; NULL unless a metric asks */
    size_t columns; /* of a row's scores: its class, then probabilities, of two classes the second
                       one alone; 0 unless a metric asks */
    size_t capacity;
    float *scores;  /* (capacity, columns) */
    uint32_t *keys; /* (2, capacity) to sort rows with; NULL: they are only kept */
} rnl_tally;

/* What metrics ask for. */
typedef struct rnl_tally_needs {
    bool counts;
    size_t columns; /* of scores; 0: none */
} rnl_tally_needs;

rnl_tally_needs rnl_tally_needs_of(const rnl_choice_list *metrics, size_t classes);

/* Creates a tally of at most so many rows; *tally is NULL if no metric asks for one, and freed with
 * rnl_tally_free.  With `keeps` it only keeps what another one has.  RNL_NO_MEMORY. */
rnl_status rnl_tally_create(rnl_tally **tally, const rnl_choice_list *metrics, size_t classes,
                            size_t rows, bool keeps);
void rnl_tally_free(rnl_tally *tally);

/* Forgets the rows; the tally may be NULL, as in the next one. */
void rnl_tally_clear(rnl_tally *tally);

/* Adds a row; it has its probabilities, where scores are asked for. */
void rnl_tally_add(rnl_tally *tally, int32_t label, int32_t predicted, const float *probabilities,
                   size_t outputs);

/* Copies the rows of a tally of the same metrics.  There is room for them. */
void rnl_tally_copy(rnl_tally *tally, const rnl_tally *from);

/* Tests if what a file says can be of rows that were added. */
bool rnl_tally_is_possible(const rnl_tally *tally);

/* Return a figure over the rows (engine/kinds/metrics.c); NaN where there is none. */
double rnl_tally_balanced_accuracy(const rnl_tally *tally);
double rnl_tally_f1(const rnl_tally *tally);
double rnl_tally_auc(const rnl_tally *tally);

#endif
