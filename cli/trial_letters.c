#include "cli/trial_letters.h"

#include "cli/folder.h"
#include "cli/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A letter without files needs no memory here: a refusal can tell that there is none. */
static rnl_status send_text(rnl_job *job, size_t rank, rnl_trial_letter letter, const char *text)
{
    struct {
        rnl_trial_letter letter;
        char text[240];
    } whole = {.letter = letter};
    snprintf(whole.text, sizeof whole.text, "%s", text);
    return rnl_job_send(job, rank, &whole, sizeof whole.letter + strlen(whole.text) + 1);
}

rnl_status rnl_trial_send(rnl_job *job, size_t rank, rnl_trial_letter letter, const char *folder,
                          const char *text)
{
    rnl_pack pack = {0};
    if (!folder)
        return send_text(job, rank, letter, text ? text : "");
    bool ready = rnl_pack_add(&pack, &letter, sizeof letter) &&
                 rnl_pack_add(&pack, text ? text : "", text ? strlen(text) + 1 : 1);
    if (!ready)
        rnl_complain_memory();
    ready = ready && rnl_folder_pack(&pack, folder);
    const rnl_status status = ready ? rnl_job_send(job, rank, pack.bytes, pack.size) : RNL_IO;
    free(pack.bytes);
    return status;
}

static void open_letter(rnl_trial_post *post, size_t size)
{
    memcpy(&post->letter, post->bytes, sizeof post->letter);
    post->text = (const char *)post->bytes + sizeof post->letter;
    post->rest = post->text + strlen(post->text) + 1;
    post->rest_size = (size_t)((const char *)post->bytes + size - post->rest);
}

/* A letter is as long as its head, and its text ends. */
static bool is_whole(const char *bytes, size_t size)
{
    const size_t head = sizeof(rnl_trial_letter);
    return size > head && memchr(bytes + head, '\0', size - head);
}

bool rnl_trial_receive(rnl_job *job, rnl_trial_post *post)
{
    size_t size;
    *post = (rnl_trial_post){0};
    if (rnl_job_receive(job, &post->rank, &post->bytes, &size) != RNL_OK) {
        rnl_complain_status(RNL_JOB);
        return false;
    }
    if (!post->bytes)
        return true;
    if (is_whole(post->bytes, size)) {
        open_letter(post, size);
        return true;
    }
    free(post->bytes);
    post->bytes = NULL;
    post->damaged = true;
    return true;
}
