/* Reads frames of one camera from a gateway on this machine, as docs/lane-format.md describes it.
 *   cc -O2 -o lane_reader lane_reader.c
 *   ./lane_reader SOCKET KEY TOPIC FRAMES     prints size, number, age and mean of each frame (BGR)
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 1, NEXT, WELCOME, FRAME, REFUSED };
struct hello { uint32_t type, version, format, key; char topic[128]; };
struct next { uint32_t type, want, count, reserved; uint64_t released[1]; };
struct welcome { uint32_t type, format, width, height, stride, slots, matrix, full_range; uint64_t slot_bytes; };
struct frame {
  uint32_t type, slot, source_width, source_height;
  uint64_t seq;
  int64_t received_at_us, published_at_us, captured_at_us;
};

static int fail(const char *what) { return perror(what), 1; }

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: %s SOCKET KEY TOPIC FRAMES\n", argv[0]), 2;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct hello hello = {HELLO, 1, 1 /* BGR */, strtoul(argv[2], NULL, 10), ""};
  size_t topic_bytes = strlen(argv[3]);
  if (strlen(argv[1]) >= sizeof address.sun_path || topic_bytes > sizeof hello.topic) return 2;
  strcpy(address.sun_path, argv[1]);
  memcpy(hello.topic, argv[3], topic_bytes);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (connect(fd, (void *)&address, sizeof address) != 0) return fail(argv[1]);
  if (send(fd, &hello, offsetof(struct hello, topic) + topic_bytes, MSG_NOSIGNAL) < 0) return fail("send");

  struct welcome welcome = {0};
  const uint8_t *memory = NULL;
  struct next next = {NEXT, 1, 0, 0, {0}};
  for (int left = atoi(argv[4]); left > 0;) {
    if (next.type && send(fd, &next, offsetof(struct next, released) + 8 * next.count, MSG_NOSIGNAL) < 0)
      return fail("send");
    next.type = 0; /* Ask once for each frame. */
    struct pollfd wait = {fd, POLLIN, 0};
    if (poll(&wait, 1, 10000) <= 0) return fputs("no frame within 10 s\n", stderr), 1;

    union { uint32_t type; struct welcome welcome; struct frame frame; char text[256]; } message;
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr aligned; } control;
    struct iovec part = {&message, sizeof message - 1};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t bytes = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    if (bytes < 4) return fputs("the gateway closed the lane\n", stderr), 1;
    if (message.type == REFUSED) {
      message.text[bytes] = 0;
      return fprintf(stderr, "refused: %s\n", message.text + 8), 1;
    }
    if (message.type == WELCOME) { /* Another size: map the new memory. */
      int memory_fd;
      memcpy(&memory_fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof memory_fd);
      if (memory) munmap((void *)memory, welcome.slots * welcome.slot_bytes);
      welcome = message.welcome;
      memory = mmap(NULL, welcome.slots * welcome.slot_bytes, PROT_READ, MAP_SHARED, memory_fd, 0);
      if (memory == MAP_FAILED) return fail("mmap");
      close(memory_fd);
    }
    if (message.type != FRAME) continue;

    const struct frame *frame = &message.frame;
    const uint8_t *pixels = memory + frame->slot * welcome.slot_bytes;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    double age_ms = now.tv_sec * 1e3 + now.tv_nsec / 1e6 - frame->received_at_us / 1e3, sum = 0;
    size_t size = (size_t)welcome.stride * welcome.height;
    for (size_t i = 0; i < size; i++) sum += pixels[i];
    printf("%ux%u seq=%" PRIu64 " age_ms=%.1f mean=%.2f\n", welcome.width, welcome.height, frame->seq, age_ms, sum / size);
    next = (struct next){NEXT, 1, 1, 0, {frame->seq}}; /* The gateway may write on it again. */
    left--;
  }
  return 0;
}
