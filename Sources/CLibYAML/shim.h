/* libyaml: the event API with line and column marks. */
#include <yaml.h>
