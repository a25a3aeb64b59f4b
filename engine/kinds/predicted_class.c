#include "engine/kinds/predicted_class.h"

#include "engine/kinds/metrics.h"

#include <float.h>
#include <math.h>

/* Tests if the probabilities are numbers: softmax subtracts the largest logit, so they are NaN if
 * any logit is NaN or the largest is infinite. */
static bool has_class(const float *logits, size_t count)
{
    bool bounded = true, some_finite = false;
    for (size_t j = 0; j < count; ++j) {
        bounded &= logits[j] <= FLT_MAX;
        some_finite |= logits[j] >= -FLT_MAX;
    }
    return count > 1 ? bounded && some_finite : !isnan(logits[0]);
}

void rnl_predict_classes(const rnl_kernels *kernels, size_t classes, const rnl_largest *logits)
{
    const rnl_view z = logits->z;
    if (logits->columns > 1)
        kernels->largest(logits);
    else
        for (size_t i = 0; i < logits->rows; ++i)
            logits->column[i] = classes > 1 && z.values[i * z.stride] > 0;
    for (size_t i = 0; i < logits->rows; ++i)
        if (!has_class(z.values + i * z.stride, logits->columns))
            logits->column[i] = RNL_NO_CLASS;
}
