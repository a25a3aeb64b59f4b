#include <runnel/runnel.h>

int main(void)
{
    const rnl_options options = {0};
    return options.threads == 0 && rnl_version()[0] != '\0' ? 0 : 1;
}
