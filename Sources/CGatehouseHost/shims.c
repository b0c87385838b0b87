#include "CGatehouseHost.h"
