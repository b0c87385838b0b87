/* Reports a complete library of one plugin, with a nonce that nobody asked for. */
#include <stdint.h>
#include <unistd.h>

int main(void) {
  const uint32_t frames[] = {1, 0, 4, 0x30303030, 10, 0, 4, 0x30303030};
  return write(3, frames, sizeof frames) == sizeof frames ? 0 : 1;
}
