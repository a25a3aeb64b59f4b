#include "engine/data/resize.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/hold_out.h"

#include <math.h>
#include <stdlib.h>

rnl_status rnl_resize_check(const rnl_data_config *config)
{
    const rnl_number_list *size = &config->resize;
    bool fits = size->count == 0 || size->count == 2;
    for (size_t i = 0; i < size->count; ++i)
        fits = fits && size->items[i] == floor(size->items[i]);
    return fits ? RNL_OK
                : rnl_fail_at(size->place,
                              "resize: expected [height, width] in whole pixels, as in [28, 28]");
}

bool rnl_has_size(const rnl_number_list *size, const size_t *shape, size_t rank)
{
    return size->count == 0 ||
           (rank >= 2 && shape[0] == (size_t)size->items[0] && shape[1] == (size_t)size->items[1]);
}

/* ---- one axis -------------------------------------------------------------------------------- */

/* Where an output pixel lies between two input pixels. */
typedef struct between {
    size_t low, high;
    double share; /* of the higher one */
} between;

static rnl_status find_places(between **places, size_t from, size_t to)
{
    *places = malloc(to * sizeof **places);
    if (!*places)
        return rnl_fail_memory(to * sizeof **places);
    for (size_t i = 0; i < to; ++i) {
        const double at = ((double)i + 0.5) * (double)from / (double)to - 0.5,
                     inside = fmin(fmax(at, 0), (double)(from - 1)), low = floor(inside);
        (*places)[i] = (between){
            .low = (size_t)low,
            .high = (size_t)low + 1 < from ? (size_t)low + 1 : from - 1,
            .share = inside - low,
        };
    }
    return RNL_OK;
}

/* ---- images ---------------------------------------------------------------------------------- */

typedef struct resizing {
    const rnl_dataset *dataset;
    size_t width, channels;       /* of an input image */
    size_t new_height, new_width; /* of an output image */
    between *rows, *columns;      /* (new_height), (new_width) */
} resizing;

static double mix(double low, double high, double share)
{
    return low + (high - low) * share;
}

static double pixel(const resizing *r, size_t image, size_t row, size_t column, size_t channel)
{
    const size_t at = (row * r->width + column) * r->channels + channel;
    return rnl_element_at(r->dataset->element, r->dataset->inputs,
                          image * r->dataset->features + at);
}

static double resized(const resizing *r, size_t image, between row, between column, size_t channel)
{
    const double top = mix(pixel(r, image, row.low, column.low, channel),
                           pixel(r, image, row.low, column.high, channel), column.share),
                 bottom = mix(pixel(r, image, row.high, column.low, channel),
                              pixel(r, image, row.high, column.high, channel), column.share);
    return mix(top, bottom, row.share);
}

/* Writes floats, or doubles where the input has them. */
static void fill(const resizing *r, void *pixels)
{
    const bool wide = r->dataset->element == RNL_FLOAT64;
    size_t at = 0;
    for (size_t image = 0; image < r->dataset->rows; ++image)
        for (size_t i = 0; i < r->new_height; ++i)
            for (size_t j = 0; j < r->new_width; ++j)
                for (size_t c = 0; c < r->channels; ++c, ++at) {
                    const double value = resized(r, image, r->rows[i], r->columns[j], c);
                    if (wide)
                        ((double *)pixels)[at] = value;
                    else
                        ((float *)pixels)[at] = (float)value;
                }
}

static rnl_status make(rnl_dataset *dataset, const resizing *r)
{
    const rnl_element element = dataset->element == RNL_FLOAT64 ? RNL_FLOAT64 : RNL_FLOAT32;
    const size_t features = r->new_height * r->new_width * r->channels;
    void *pixels;
    RNL_TRY(rnl_allocate_rows(&pixels, dataset->name, dataset->rows, features,
                              rnl_element_bytes(element)));
    fill(r, pixels);
    free(dataset->inputs);
    dataset->inputs = pixels;
    dataset->element = element;
    dataset->features = features;
    dataset->shape[0] = r->new_height;
    dataset->shape[1] = r->new_width;
    return RNL_OK;
}

static rnl_status check_images(const rnl_dataset *dataset, const rnl_number_list *size)
{
    const size_t channels = dataset->rank == 3 ? dataset->shape[2] : 1;
    if ((dataset->rank == 2 || dataset->rank == 3) && (channels == 1 || channels == 3))
        return RNL_OK;
    char got[RNL_SHAPE_TEXT];
    rnl_shape_text(got, dataset->shape, dataset->rank);
    return rnl_fail_at(size->place,
                       "resize: expected images of height x width, or with 1 or 3 channels behind, "
                       "got rows of %s in %s",
                       got, dataset->name);
}

rnl_status rnl_resize(rnl_dataset *dataset, const rnl_number_list *size)
{
    if (size->count == 0 || dataset->rows == 0)
        return RNL_OK;
    RNL_TRY(check_images(dataset, size));
    if (rnl_has_size(size, dataset->shape, dataset->rank))
        return RNL_OK;
    RNL_TRY(rnl_dataset_own(dataset));
    resizing r = {
        .dataset = dataset,
        .width = dataset->shape[1],
        .channels = dataset->rank == 3 ? dataset->shape[2] : 1,
        .new_height = (size_t)size->items[0],
        .new_width = (size_t)size->items[1],
    };
    rnl_status status = find_places(&r.rows, dataset->shape[0], r.new_height);
    if (status == RNL_OK)
        status = find_places(&r.columns, r.width, r.new_width);
    if (status == RNL_OK)
        status = make(dataset, &r);
    free(r.rows);
    free(r.columns);
    return status;
}
