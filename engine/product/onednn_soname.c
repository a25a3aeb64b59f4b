/*
 * Prints the name by which a program finds oneDNN when it starts.  The build runs it.
 */
#include <dnnl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    const char *names = "";
    for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; ++entry)
        if (entry->d_tag == DT_STRTAB)
            names = (const char *)entry->d_un.d_ptr;
    for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; ++entry)
        if (entry->d_tag == DT_NEEDED && strstr(names + entry->d_un.d_val, "dnnl"))
            puts(names + entry->d_un.d_val);
    return !dnnl_version();
}
