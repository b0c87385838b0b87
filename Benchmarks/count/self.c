// Preloaded under valgrind, where /proc/self/exe is valgrind and not the program: what would start
// the program itself again (the trial of a plugin library) starts the file that COUNTED_PROGRAM
// names. The child is not counted.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *,
                           const posix_spawnattr_t *, char *const[], char *const[]);

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    spawn_function *next = (spawn_function *)dlsym(RTLD_NEXT, "posix_spawn");
    const char *program = getenv("COUNTED_PROGRAM");
    if (program && strcmp(path, "/proc/self/exe") == 0) path = program;
    return next(pid, path, actions, attributes, argv, envp);
}
