// The addon's functions. ../../src/native.ts documents them for JS.
#pragma once

#include <napi.h>

namespace framegate {

// inspect(): resolves with GStreamer's version and the missing elements.
Napi::Value Inspect(const Napi::CallbackInfo& info);

// tcpQueue(fd): the state of a TCP connection's send queue.
Napi::Value TcpQueue(const Napi::CallbackInfo& info);

// useOneMallocArena(): from now on, all threads allocate from one glibc arena.
Napi::Value UseOneMallocArena(const Napi::CallbackInfo& info);

}  // namespace framegate
