// JS has no access to SIOCOUTQ and TCP_INFO (tcp(7)).
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstddef>

#include "functions.h"

namespace framegate {

// unacknowledged: bytes, sent or not, that the peer has not confirmed. window: bytes that the peer accepts now; it
// shrinks while the peer does not read. -1: unknown.
Napi::Value TcpQueue(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsNumber()) {
    Napi::TypeError::New(env, "tcpQueue expects a file descriptor").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int fd = info[0].As<Napi::Number>().Int32Value();
  int unacknowledged = 0;
  if (ioctl(fd, SIOCOUTQ, &unacknowledged) != 0) unacknowledged = -1;
  tcp_info state = {};
  socklen_t size = sizeof state;
  const bool known = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &size) == 0 &&
                     size >= offsetof(tcp_info, tcpi_snd_wnd) + sizeof state.tcpi_snd_wnd;
  Napi::Object object = Napi::Object::New(env);
  object.Set("unacknowledged", Napi::Number::New(env, unacknowledged));
  object.Set("window", Napi::Number::New(env, known ? static_cast<double>(state.tcpi_snd_wnd) : -1));
  return object;
}

}  // namespace framegate
