/* Compiles the contract as C11, so that every static assert of the layout is checked by each build. */
#include "gatehouse/gatehouse.h"
