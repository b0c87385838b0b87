#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

/* A pipe whose write end is above the descriptors that the child gets, and whose read end does not
 * block. 0 or an errno. */
static int make_pipe(int ends[2]) {
  int made[2];
  if (pipe2(made, O_CLOEXEC) != 0) return errno;
  ends[0] = fcntl(made[0], F_DUPFD_CLOEXEC, 10);
  ends[1] = fcntl(made[1], F_DUPFD_CLOEXEC, 10);
  int error = errno;
  close(made[0]);
  close(made[1]);
  if (ends[0] < 0 || ends[1] < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return error;
  return 0;
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                   int pipes[3][2]) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  int error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  for (int i = 0; i < 3 && error == 0; i++)
    error = posix_spawn_file_actions_adddup2(actions, pipes[i][1], i + 1);
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(actions, 4);
  if (error == 0) error = posix_spawnattr_setsigdefault(attributes, &all);
  if (error == 0) error = posix_spawnattr_setsigmask(attributes, &none);
  if (error == 0) error = posix_spawnattr_setpgroup(attributes, 0);
  if (error == 0)
    error = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  return error;
}

int32_t gatehouse_child_spawn(char *const *argv, char *const *envp, gatehouse_child *out) {
  int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}}; /* output, errors, report */
  int error = 0;
  for (int i = 0; i < 3 && error == 0; i++) error = make_pipe(pipes[i]);
  pid_t pid = 0;
  if (error == 0) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    error = prepare(&actions, &attributes, pipes);
    if (error == 0) error = posix_spawn(&pid, argv[0], &actions, &attributes, argv, envp);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  for (int i = 0; i < 3; i++) {
    if (pipes[i][1] >= 0) close(pipes[i][1]);
    if (error != 0 && pipes[i][0] >= 0) close(pipes[i][0]);
  }
  if (error != 0) return error;
  out->pid = pid;
  out->pidfd = (int32_t)syscall(SYS_pidfd_open, pid, 0);
  out->output = pipes[0][0];
  out->errors = pipes[1][0];
  out->report = pipes[2][0];
  return 0;
}

int32_t gatehouse_child_ended(int32_t pid, int32_t *out_value) {
  siginfo_t info = {0};
  if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return -1;
  if (info.si_pid == 0) return 0;
  *out_value = info.si_status;
  return info.si_code == CLD_EXITED ? 1 : 2;
}

void gatehouse_child_reap(int32_t pid) {
  kill(-pid, SIGKILL);
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
  }
}

const char *gatehouse_signal_name(int32_t number) { return sigabbrev_np(number); }
