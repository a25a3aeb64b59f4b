/*
 * Jobs: what a launcher's environment says, what counts as work, and how shards are shared out
 * among ranks.
 */
#include "engine/data/row_order.h"
#include "engine/step/shared.h"
#include "engine/storage/digest.h"
#include "exchange/launcher.h"
#include "exchange/own_work.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

/* ---- launchers ------------------------------------------------------------------------------- */

static const char *const *environment; /* names and values in turn, then NULL */

static char *get(const char *name)
{
    for (const char *const *e = environment; *e; e += 2)
        if (strcmp(e[0], name) == 0)
            return (char *)(size_t)e[1];
    return NULL;
}

static rnl_launcher find(const char *const *given)
{
    environment = given;
    return rnl_launcher_find(get);
}

Test(launcher, is_told_by_its_variables)
{
    const rnl_launcher none = find((const char *const[]){"SLURM_NTASKS", "4", NULL});
    cr_expect_eq(none.abi, RNL_MPI_NONE);
    cr_expect_eq(none.ranks, 1u);
    cr_expect_null(none.problem);
    const rnl_launcher open = find((const char *const[]){"PMIX_RANK", "3", "OMPI_COMM_WORLD_RANK",
                                                         "3", "OMPI_COMM_WORLD_SIZE", "8",
                                                         "OMPI_COMM_WORLD_LOCAL_SIZE", "4", NULL});
    cr_expect_eq(open.abi, RNL_MPI_OPEN);
    cr_expect(open.ranks == 8 && open.rank == 3);
    const rnl_launcher mpich = find((const char *const[]){"PMI_RANK", "1", "PMI_SIZE", "2", NULL});
    cr_expect_eq(mpich.abi, RNL_MPI_MPICH);
    cr_expect(mpich.ranks == 2 && mpich.rank == 1);
    const rnl_launcher slurm =
        find((const char *const[]){"PMIX_RANK", "5", "SLURM_STEP_NUM_TASKS", "6", NULL});
    cr_expect_eq(slurm.abi, RNL_MPI_OPEN);
    cr_expect(slurm.ranks == 6 && slurm.rank == 5);
}

Test(launcher, of_one_process_is_none)
{
    cr_expect_eq(find((const char *const[]){"OMPI_COMM_WORLD_SIZE", "1", NULL}).abi, RNL_MPI_NONE);
    cr_expect_eq(find((const char *const[]){"PMI_RANK", "0", "PMI_SIZE", "1", NULL}).ranks, 1u);
}

Test(launcher, may_be_overruled)
{
    const char *const none[] = {"RUNNEL_MPI", "none", "PMI_SIZE", "2", NULL};
    const char *const open[] = {"RUNNEL_MPI", "openmpi", "PMI_SIZE", "2", NULL};
    cr_expect_eq(find(none).ranks, 1u);
    cr_expect_eq(find(open).abi, RNL_MPI_OPEN);
}

Test(launcher, without_a_way_to_meet_is_named)
{
    const rnl_launcher slurm =
        find((const char *const[]){"SLURM_STEP_NUM_TASKS", "4", "SLURM_PROCID", "2", NULL});
    cr_expect_eq(slurm.ranks, 4u);
    cr_assert_not_null(slurm.problem);
    cr_expect_not_null(strstr(slurm.problem, "--mpi=pmix"));
}

/* ---- shards of ranks ------------------------------------------------------------------------- */

Test(ranks, have_all_shards_in_their_order)
{
    for (size_t shards = 1; shards <= 64; shards *= 2)
        for (size_t ranks = 1; ranks <= shards; ++ranks) {
            size_t next = 0;
            for (size_t r = 0; r < ranks; ++r) {
                const rnl_shard_range range = rnl_cut_rank(shards, ranks, r);
                cr_assert_eq(range.first, next);
                cr_assert(range.count == shards / ranks || range.count == shards / ranks + 1);
                next += range.count;
            }
            cr_assert_eq(next, shards);
        }
}

/* Roots are nodes of the tree, follow each other, and no two are the children of one in the range.
 */
Test(ranks, have_the_largest_nodes_of_their_shards)
{
    enum { SHARDS = 64 };
    for (size_t first = 0; first < SHARDS; ++first)
        for (size_t count = 1; first + count <= SHARDS; ++count) {
            rnl_shard_node roots[RNL_MOST_ROOTS];
            const size_t found = rnl_shard_roots((rnl_shard_range){first, count}, roots);
            size_t next = first;
            for (size_t k = 0; k < found; ++k) {
                cr_assert_eq(roots[k].first, next);
                cr_assert_eq(roots[k].span & (roots[k].span - 1), 0u);
                cr_assert_eq(roots[k].first % roots[k].span, 0u);
                next += roots[k].span;
                cr_assert_not(k > 0 && roots[k - 1].span == roots[k].span &&
                              roots[k - 1].first % (2 * roots[k].span) == 0);
            }
            cr_assert_eq(next, first + count);
        }
}

Test(ranks, see_no_rows_of_others)
{
    rnl_cut cut = rnl_cut_rows(100, 8);
    const rnl_cut whole = cut;
    cut.before = 3;
    cut.behind = 2;
    cr_expect(rnl_cut_is_shared(cut) && !rnl_cut_is_shared(rnl_cut_whole(cut)));
    for (size_t s = 0; s < 8; ++s) {
        const rnl_shard all = rnl_cut_shard(whole, 99, s), own = rnl_cut_shard(cut, 99, s);
        const bool is_own = s >= 3 && s < 6;
        cr_expect(own.row == all.row && own.first == all.first);
        cr_expect_eq(own.filled, is_own ? all.filled : 0);
        cr_expect_eq(own.used, is_own ? all.used : 0);
    }
    cr_expect_eq(rnl_cut_used_shards(cut, 5), 5u);
}

/* ---- work ------------------------------------------------------------------------------------ */

/* Uses a processor for a tenth of a second. */
static void *compute(void *context)
{
    struct timespec t = {0};
    while (t.tv_sec == 0 && t.tv_nsec < 100000000)
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return context;
}

Test(own_work, is_that_of_other_threads)
{
    rnl_own_work work = {0};
    pthread_t thread;
    rnl_own_work_goes_on(&work);
    const double before = work.processor;
    compute(NULL);
    rnl_own_work_goes_on(&work);
    cr_expect_lt(work.processor - before, 0.05);
    cr_assert_eq(pthread_create(&thread, NULL, compute, NULL), 0);
    pthread_join(thread, NULL);
    cr_expect(rnl_own_work_goes_on(&work));
}

/* ---- what goes on in another process --------------------------------------------------------- */

/* Rows are digested by several ranks, one behind the other, to the digest of all. */
Test(digest, goes_on_in_another_state)
{
    static char bytes[5000];
    static const size_t ends[] = {0, 1, 256, 257, 1300, 1300, 4999, 5000};
    char packed[RNL_DIGEST_PACKED], whole[RNL_DIGEST_DIGITS + 1], parts[RNL_DIGEST_DIGITS + 1] = "";
    for (size_t i = 0; i < sizeof bytes; ++i)
        bytes[i] = (char)(i * i >> 3);
    for (size_t k = 1; k < sizeof ends / sizeof *ends; ++k) {
        rnl_digest_state *state;
        cr_assert_eq(rnl_digest_begin(&state), RNL_OK);
        if (k > 1)
            cr_assert_eq(rnl_digest_unpack(state, packed), RNL_OK);
        rnl_digest_add(state, (rnl_bytes){bytes + ends[k - 1], ends[k] - ends[k - 1]});
        rnl_digest_pack(packed, state);
        rnl_digest_end(parts, state);
    }
    cr_assert_eq(rnl_digest(whole, &(const rnl_bytes){bytes, sizeof bytes}, 1), RNL_OK);
    cr_expect_str_eq(parts, whole);
}

/* A part of the rows feeds its shard, and ranks hold the parts of their shards. */
Test(parts, are_those_that_an_epoch_takes_for_the_shards)
{
    enum { ROWS = 203, BATCH = 32, SHARDS = 8 };
    uint32_t order[ROWS];
    rnl_row_order_in_shards(order, ROWS, BATCH, SHARDS, 7, 3, true);
    for (size_t begin = 0; begin < ROWS; begin += BATCH) {
        const size_t rows = ROWS - begin < BATCH ? ROWS - begin : BATCH;
        for (size_t s = 0; s < SHARDS; ++s) {
            const rnl_shard shard = rnl_cut_shard(rnl_cut_rows(BATCH, SHARDS), rows, s);
            for (size_t i = begin + shard.first; i < begin + shard.first + shard.filled; ++i)
                cr_expect(order[i] >= rnl_row_order_part(ROWS, SHARDS, s) &&
                          order[i] < rnl_row_order_part(ROWS, SHARDS, s + 1));
        }
    }
}
