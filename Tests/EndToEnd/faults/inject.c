/* inject.c: preloaded into the gateway, lets chosen calls fail while it runs. Which, and how, is in
 * a file that the test has mapped as well (INJECT_FILE): one slot for each call, in this order.
 *
 * slot: error (errno to fail with, or for getaddrinfo EAI_*; 0: the call is made), left (how often
 * it still fails; -1: always), after (calls that pass before), calls (how often it was made). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OURS = 0x5eed };
enum { CONNECT, ACCEPT, SOCKET, SPAWN, THREAD, WRITE, RESOLVE, EPOLL, READ, COUNT };

typedef struct {
  _Atomic int error, left, after, calls;
} slot;

/* Behind the slots: how getaddrinfo answers when it does not fail. */
typedef struct {
  slot slots[COUNT];
  _Atomic int mode; /* 0: the system's answer, 1: the address below, 2: an empty list, 3: hangs */
  _Atomic unsigned address;
  _Atomic int log_descriptors_only; /* WRITE fails for standard output and error only */
} control;

static control none;
static control *shared = &none;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("INJECT_FILE");
  if (path == NULL) return;
  int descriptor = open(path, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  void *at = mmap(NULL, sizeof(control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (at != MAP_FAILED) shared = at;
}

static int failure(int which) {
  slot *at = &shared->slots[which];
  atomic_fetch_add(&at->calls, 1);
  if (at->error == 0 || at->left == 0) return 0;
  if (at->after > 0) {
    atomic_fetch_sub(&at->after, 1);
    return 0;
  }
  if (at->left > 0) atomic_fetch_sub(&at->left, 1);
  return at->error;
}

#define NEXT(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(which)                                                                               \
  do {                                                                                            \
    int code = failure(which);                                                                    \
    if (code != 0) {                                                                              \
      errno = code;                                                                               \
      return -1;                                                                                  \
    }                                                                                             \
  } while (0)

int connect(int fd, const struct sockaddr *address, socklen_t length) {
  FAIL(CONNECT);
  return NEXT(connect)(fd, address, length);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  FAIL(ACCEPT);
  return NEXT(accept4)(fd, address, length, flags);
}

int socket(int domain, int type, int protocol) {
  FAIL(SOCKET);
  return NEXT(socket)(domain, type, protocol);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[], char *const env[]) {
  int code = failure(SPAWN);
  return code ? code : NEXT(posix_spawn)(pid, path, actions, attributes, arguments, env);
}

pid_t fork(void) {
  FAIL(SPAWN);
  return NEXT(fork)();
}

pid_t vfork(void) {
  FAIL(SPAWN);
  return NEXT(fork)();
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument) {
  int code = failure(THREAD);
  return code ? code : NEXT(pthread_create)(thread, attributes, run, argument);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  if (fd <= 2 || !shared->log_descriptors_only) FAIL(WRITE);
  return NEXT(write)(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!shared->log_descriptors_only) FAIL(WRITE);
  return NEXT(writev)(fd, parts, count);
}

ssize_t read(int fd, void *bytes, size_t count) {
  FAIL(READ);
  return NEXT(read)(fd, bytes, count);
}

ssize_t recv(int fd, void *bytes, size_t count, int flags) {
  FAIL(READ);
  return NEXT(recv)(fd, bytes, count, flags);
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout) {
  atomic_fetch_add(&shared->slots[EPOLL].calls, 1);
  return NEXT(epoll_wait)(fd, events, most, timeout);
}

static void answer(struct addrinfo **out, const struct addrinfo *hints) {
  struct made {
    struct addrinfo info;
    struct sockaddr_in address;
  } *made = calloc(1, sizeof *made);
  made->address.sin_family = AF_INET;
  made->address.sin_addr.s_addr = shared->address;
  made->info.ai_flags = OURS;
  made->info.ai_family = AF_INET;
  made->info.ai_socktype = hints ? hints->ai_socktype : SOCK_STREAM;
  made->info.ai_addrlen = sizeof made->address;
  made->info.ai_addr = (struct sockaddr *)&made->address;
  *out = &made->info;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out) {
  if (name == NULL || strstr(name, ".test") == NULL)
    return NEXT(getaddrinfo)(name, service, hints, out);
  int code = failure(RESOLVE);
  if (code != 0) return code;
  while (shared->mode == 3) usleep(5000);
  if (shared->mode == 0) return NEXT(getaddrinfo)(name, service, hints, out);
  *out = NULL;
  if (shared->mode == 1) answer(out, hints);
  return 0;
}

void freeaddrinfo(struct addrinfo *list) {
  /* Ours has its address behind it in the same block, and this flag. */
  if (list && list->ai_flags == OURS) return free(list);
  if (list) NEXT(freeaddrinfo)(list);
}
