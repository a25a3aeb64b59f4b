/*
 * Sums and maxima across lanes, written in the vector vocabulary, which is included before.  Every
 * instruction set keeps sixteen lanes, in as many vectors as that takes, and joins them in one
 * tree: halves, quarters, and so on.  So a row's sum has the same bits on each of them.
 */
#ifndef RNL_SIMD_LANES_H
#define RNL_SIMD_LANES_H

#define SIXTEEN 16
#define PARTS   (SIXTEEN / LANES)

/* Element j of a row belongs to lane j % 16: the first vector has the lowest lanes. */
typedef struct v_lanes {
    v_float part[PARTS];
} v_lanes;

static inline v_lanes v_lanes_set(float a)
{
    v_lanes lanes;
    for (size_t p = 0; p < PARTS; ++p)
        lanes.part[p] = v_set(a);
    return lanes;
}

static inline float v_lanes_sum(v_lanes a)
{
    for (size_t half = PARTS / 2; half > 0; half /= 2)
        for (size_t p = 0; p < half; ++p)
            a.part[p] = v_add(a.part[p], a.part[p + half]);
    return v_sum(a.part[0]);
}

static inline float v_lanes_largest(v_lanes a)
{
    for (size_t half = PARTS / 2; half > 0; half /= 2)
        for (size_t p = 0; p < half; ++p)
            a.part[p] = v_max(a.part[p], a.part[p + half]);
    return v_largest(a.part[0]);
}

/* Runs body(p, j, n) for each vector of elements from `begin` on: n elements from j, which belong
 * to part p of the lanes.  A part without elements is left out: it would add zeros. */
#define EACH_PART(begin, end, body)                                                                \
    do {                                                                                           \
        size_t first = (begin);                                                                    \
        for (; first + SIXTEEN <= (end); first += SIXTEEN)                                         \
            _Pragma("GCC unroll 2") for (size_t p = 0; p < PARTS; ++p)                             \
                body(p, first + p * LANES, (size_t)LANES);                                         \
        for (size_t p = 0; p < PARTS && first < (end); ++p, first += LANES)                        \
            body(p, first, (end)-first < LANES ? (end)-first : (size_t)LANES);                     \
    } while (0)

#endif
