#include "cli/trial_letters.h"

#include "cli/folder.h"
#include "cli/messages.h"

#include <stdlib.h>
#include <string.h>

bool rnl_trial_send(rnl_job *job, size_t rank, rnl_trial_letter letter, const char *folder,
                    const char *text)
{
    rnl_pack pack = {0};
    bool ready = rnl_pack_add(&pack, &letter, sizeof letter) &&
                 rnl_pack_add(&pack, text ? text : "", text ? strlen(text) + 1 : 1);
    if (!ready)
        rnl_complain_memory();
    ready = ready && (!folder || rnl_folder_pack(&pack, folder)) &&
            rnl_job_send(job, rank, pack.bytes, pack.size) == RNL_OK;
    free(pack.bytes);
    return ready;
}

bool rnl_trial_receive(rnl_job *job, rnl_trial_post *post)
{
    size_t size;
    *post = (rnl_trial_post){0};
    if (rnl_job_receive(job, &post->rank, &post->bytes, &size) != RNL_OK)
        return false;
    if (!post->bytes)
        return true;
    memcpy(&post->letter, post->bytes, sizeof post->letter);
    post->text = (const char *)post->bytes + sizeof post->letter;
    post->rest = post->text + strlen(post->text) + 1;
    post->rest_size = (size_t)((const char *)post->bytes + size - post->rest);
    return true;
}
