#include "engine/product/onednn.h"

static rnl_status fail_missing(void)
{
    return rnl_fail(RNL_BAD_CONFIG,
                    "products by oneDNN: this build has none (-Donednn=enabled builds it in)");
}

const char *rnl_onednn_version(void)
{
    fail_missing();
    return NULL;
}

rnl_status rnl_onednn_create(rnl_onednn **onednn, const rnl_kernels *kernels)
{
    (void)onednn, (void)kernels;
    return fail_missing();
}

void rnl_onednn_free(rnl_onednn *onednn)
{
    (void)onednn;
}

void rnl_onednn_need(rnl_onednn *onednn, size_t rows, size_t inner, size_t columns)
{
    (void)onednn, (void)rows, (void)inner, (void)columns;
}

rnl_status rnl_onednn_generate(rnl_onednn *onednn)
{
    (void)onednn;
    return RNL_OK;
}

rnl_status rnl_onednn_worker_create(rnl_onednn_worker **worker, const rnl_onednn *onednn)
{
    (void)worker, (void)onednn;
    return RNL_OK;
}

void rnl_onednn_worker_free(rnl_onednn_worker *worker)
{
    (void)worker;
}

rnl_status rnl_onednn_multiply(rnl_onednn_worker *worker, bool by_columns,
                               const rnl_panel_product *arguments)
{
    (void)worker, (void)by_columns, (void)arguments;
    return rnl_fail(RNL_PRODUCT, "this build has no oneDNN");
}
