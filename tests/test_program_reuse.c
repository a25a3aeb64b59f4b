/*
 * The entry `reuse`: layers of a saved model with their values at the beginning of another.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(program_reuse, .init = program_enter, .fini = scratch_leave);

static const char data[] = "data: {train: {spirals: {rows: 300}}%s}\n";

static void write_config(const char *path, const char *scaling, const char *model,
                         const char *training)
{
    char text[2048], head[256];
    snprintf(head, sizeof head, data, scaling);
    snprintf(
        text, sizeof text,
        "%smodel: %s\ntraining: {loss: sparse_categorical_crossentropy, optimizer: adam, %s}\n",
        head, model, training);
    program_write(path, text);
}

/* Six entries: 1 dense_1, 2 batch_normalization_1, 3 repeat of dense 2 and 3, 4 dropout, 5 code,
 * 6 head. */
static void train_source(void)
{
    write_config("a.yaml", ", scaling: standardize",
                 "[dense: {units: 12, activation: tanh, trainable: false}, batch_normalization, "
                 "{repeat: {times: 2, layers: [dense: {units: 12, activation: elu}]}}, "
                 "{dropout: 0.1}, {dense: {units: 8, activation: tanh, name: code}}, "
                 "{dense: {units: 3, activation: softmax, name: head}}]",
                 "epochs: 3");
    cr_assert_eq(program_run("train a.yaml -o a"), 0, "%s", program_read("err"));
}

#define REUSE(keys) "[reuse: {model: a/model.safetensors" keys "}"
#define TOP         ", {dense: {units: 3, activation: softmax, name: top}}]"

/* Frozen layers are those of the saved model after training, too. */
Test(program_reuse, takes_layers_with_their_values)
{
    train_source();
    program_write("before", "");
    cr_assert_eq(program_shell("cp a/model.safetensors kept"), 0);
    write_config("b.yaml", "", REUSE(", without: 1, trainable: false") TOP, "epochs: 2");
    cr_assert_eq(program_run("train b.yaml -o b"), 0, "%s", program_read("err"));
    cr_expect_eq(program_shell("cmp a/model.safetensors kept"), 0);
    cr_expect_eq(program_run("diff a/model.safetensors b/model.safetensors"), 1);
    for (int i = 1; i <= 3; ++i) {
        char line[64];
        snprintf(line, sizeof line, "grep -q 'dense_%d.kernel .* equal' out", i);
        cr_expect_eq(program_shell("%s", line), 0, "%s", program_read("out"));
    }
    cr_expect_eq(program_shell("grep -q 'code.bias .* equal' out"), 0);
    cr_expect_eq(program_shell("grep -q 'batch_normalization_1.moving_variance .* equal' out"), 0);
    cr_expect_eq(program_shell("grep -q 'scaling.centre .* equal' out"), 0);
    cr_expect_eq(program_shell("grep -q 'top.kernel .* only in B' out"), 0);
    cr_expect_eq(program_shell("grep -q 'head.kernel .* only in A' out"), 0);
    /* The saved configuration holds the layers. */
    cr_assert_eq(program_shell("mv a gone"), 0);
    cr_expect_eq(program_run("evaluate b/model.safetensors --data b.yaml"), 1);
    cr_expect_eq(program_run("summary b/model.safetensors"), 0, "%s", program_read("err"));
    program_expect("out", "code (dense)");
    program_expect("out", "not trainable: frozen)");
}

/* A configuration without `data`, as a program with its rows in arrays has it. */
Test(program_reuse, scales_as_the_saved_model_without_a_section_of_data)
{
    train_source();
    program_write("b.yaml", "model: " REUSE(", without: 1") TOP
                  "\ntraining: {loss: "
                  "sparse_categorical_crossentropy, optimizer: adam}\n");
    cr_assert_eq(program_run("train b.yaml --print-config"), 0, "%s", program_read("err"));
    program_expect("out", "scaling: standardize");
}

/* Rows of an array have columns without names. */
Test(program_reuse, scales_as_the_saved_model_by_column)
{
    program_write("rows.csv", "x,y,label\n1,10,0\n2,40,1\n4,20,2\n8,30,1\n");
    program_write("a.yaml", "data: {train: {csv: {path: rows.csv, target: label}}, "
                            "scaling: {default: range, columns: {y: standardize}}}\n"
                            "model: [dense: 4, {dense: {units: 3, activation: softmax}}]\n"
                            "training: {loss: sparse_categorical_crossentropy, optimizer: adam}\n");
    cr_assert_eq(program_run("train a.yaml -o a"), 0, "%s", program_read("err"));
    write_config("b.yaml", "", REUSE(", without: 1") TOP, "epochs: 2");
    cr_assert_eq(program_run("train b.yaml -o b"), 0, "%s", program_read("err"));
    program_run("diff a/model.safetensors b/model.safetensors");
    cr_expect_eq(program_shell("grep -q 'scaling.centre .* equal' out"), 0, "%s",
                 program_read("out"));
    write_config("c.yaml", "", "[reuse: {model: b/model.safetensors}]", "epochs: 1");
    cr_expect_eq(program_run("train c.yaml -o c"), 0, "%s", program_read("err"));
    write_config("d.yaml", ", scaling: {default: range, columns: {y: standardize}}",
                 REUSE(", without: 1") TOP, "epochs: 1");
    cr_expect_eq(program_run("train d.yaml -o d"), 2);
    program_expect("err", "columns of an array have no names");
}

/* As if it were written out, with the layers that are chosen. */
Test(program_reuse, takes_what_is_chosen)
{
    static const struct {
        const char *keys, *layers;
    } cases[] = {
        {", layers: 2", "dense_1 batch_normalization_1 top"},
        {", layers: all, without: 4", "dense_1 batch_normalization_1 top"},
        {", layers: 1..4", "dense_1 batch_normalization_1 dense_2 dense_3 dropout_1 top"},
        {", layers: dense_1..batch_normalization_1", "dense_1 batch_normalization_1 top"},
        {", layers: [dense_1, dropout_1]", "dense_1 dropout_1 top"},
    };
    train_source();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char model[256];
        snprintf(model, sizeof model, "[reuse: {model: a/model.safetensors%s}%s", cases[i].keys,
                 TOP);
        write_config("b.yaml", "", model, "epochs: 1");
        cr_assert_eq(program_run("summary b.yaml"), 0, "%s", program_read("err"));
        cr_assert_eq(program_shell("sed -n '3,/^Total/{/^Total/!s/ (.*//p}' out | tr '\\n' ' ' "
                                   "| sed 's/ *$//' >names"),
                     0);
        cr_expect_str_eq(program_read("names"), cases[i].layers, "%s: %s", cases[i].keys,
                         program_read("names"));
        cr_expect_eq(program_shell("grep frozen out"), 1);
    }
    cr_assert_eq(program_run("train b.yaml --print-config"), 0);
    program_expect("out", "# reused model");
    program_expect("out", "scaling: standardize");
    cr_assert_eq(program_run("compare b.yaml --vary model.0.reuse.layers=1,2 -o c "
                             "--set data.validation_split=0.2"),
                 0, "%s", program_read("err"));
}

Test(program_reuse, is_resumed_without_the_file)
{
    train_source();
    write_config("b.yaml", "", REUSE(", layers: 4") TOP, "epochs: 3, checkpoint_every: 4");
    cr_assert_eq(program_run("train b.yaml -o whole --quiet"), 0);
    cr_assert_eq(program_run("train b.yaml -o parts --quiet --set training.epochs=1"), 0);
    cr_assert_eq(program_shell("mv a gone"), 0);
    cr_expect_eq(program_run("train b.yaml -o other"), 2);
    program_expect("err", "b.yaml:2:9: reuse: a/model.safetensors does not exist");
    cr_expect_not(program_has("other"));
    cr_expect_eq(program_run("train b.yaml --print-config"), 2);
    cr_expect_eq(program_run("train b.yaml -o parts --resume --set training.batch_size=7"), 2);
    program_expect("err", "made under another configuration");
    cr_expect_eq(program_run("train b.yaml -o parts --resume"), 0, "%s", program_read("err"));
    cr_expect_eq(program_shell("cmp whole/model.safetensors parts/model.safetensors"), 0);
}

Test(program_reuse, mistakes_are_answered_and_nothing_is_written)
{
    static const struct {
        const char *model, *message;
    } mistakes[] = {
        {REUSE(", layers: 9") TOP, "b.yaml:2:53: layers: layer 9 of 6 in a/model.safetensors"},
        {REUSE(", layers: [dense_1, cod]") TOP,
         "layers: there is no layer 'cod' in a/model.safetensors; did you mean 'code'?"},
        {REUSE(", layers: 5..2") TOP, "layers: expected first..last, got '5..2', backwards"},
        {REUSE(", layers: 2, without: 1") TOP, "reuse: layers and without exclude each other"},
        {REUSE(", without: 6") TOP, "without: 6 of the 6 layers in a/model.safetensors leaves"},
        {REUSE(", layer: 6") TOP, "reuse: unknown key 'layer'; did you mean 'layers'?"},
        {"[flatten, {reuse: a/model.safetensors}]", "reuse: expected as the first of the layers"},
        {"[reuse: k.h5" TOP, "k.h5: this is HDF5, as Keras writes .h5"},
        {"[reuse: a.yaml" TOP,
         "a.yaml: this is text, as a configuration is; expected a safetensors"},
        {REUSE(", layers: [code]") TOP, "reuse: layer code of a/model.safetensors: kernel 12 x 8 "
                                        "there, kernel 2 x 8 here"},
    };
    train_source();
    program_write("k.h5", "\x89HDF\r\n\x1a\n and what follows");
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i) {
        write_config("b.yaml", "", mistakes[i].model, "epochs: 1");
        cr_expect_neq(program_run("train b.yaml -o b"), 0, "%s", mistakes[i].model);
        program_expect("err", mistakes[i].message);
        cr_expect_not(program_has("b"));
    }
    write_config("b.yaml", "", REUSE("") "]", "epochs: 1");
    cr_expect_neq(program_run("train b.yaml -o a --force"), 0);
    program_expect("err", "a/model.safetensors");
}

/* Writes six images of two classes. */
static void write_images(const char *name, int side)
{
    cr_assert_eq(program_shell("{ printf '\\0\\0\\10\\3\\0\\0\\0\\6\\0\\0\\0\\%o\\0\\0\\0\\%o'; "
                               "yes 0123456789 | head -c %d; } >%s; "
                               "printf '\\0\\0\\10\\1\\0\\0\\0\\6\\0\\1\\0\\1\\0\\1' >labels",
                               side, side, 6 * side * side, name),
                 0);
}

static void write_image_config(const char *path, const char *more, const char *model)
{
    char text[1024];
    snprintf(text, sizeof text,
             "data: {train: {idx: {inputs: %s, targets: labels}}%s}\n"
             "model: %s\n"
             "training: {loss: sparse_categorical_crossentropy, optimizer: adam}\n",
             path[0] == 'l' ? "large" : "small", more, model);
    program_write(path, text);
}

/* The size of images comes along, too, unless the new data say otherwise. */
Test(program_reuse, resizes_as_the_saved_model)
{
    write_images("small", 4);
    write_images("large", 6);
    write_image_config("small.yaml", ", resize: [5, 5]",
                       "[flatten, dense: 8, dense: {units: 2, activation: softmax}]");
    cr_assert_eq(program_run("train small.yaml -o a"), 0, "%s", program_read("err"));
    write_image_config("large.yaml", "", REUSE(", without: 1, trainable: false") TOP);
    cr_assert_eq(program_run("train large.yaml -o b"), 0, "%s", program_read("err"));
    cr_expect_eq(program_shell("grep -aq 'resize[^5]*5[^5]*5' b/model.safetensors"), 0);
    cr_expect_eq(program_run("train large.yaml -o c --set 'data.resize=[4, 4]'"), 2);
    program_expect("err", "kernel 25 x 8 there, kernel 16 x 8 here");
}
