#include <runnel/runnel.h>

int main()
{
    const rnl_options options = {};
    return options.threads == 0 && rnl_version()[0] != '\0' ? 0 : 1;
}
