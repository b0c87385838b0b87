/* What the gateway's hidden subcommand does, as a program of its own. */
#include "probe.h"

int main(int argc, char **argv) { gatehouse_probe_main(argc, argv); }
