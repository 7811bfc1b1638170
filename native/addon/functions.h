// The addon's functions. What each does for JS: ../../src/native.ts.
#pragma once

#include <napi.h>

namespace framegate {

// inspect(): resolves with GStreamer's version and the elements that are missing.
Napi::Value Inspect(const Napi::CallbackInfo& info);

// tcpQueue(fd): what the kernel knows about the way to a TCP peer.
Napi::Value TcpQueue(const Napi::CallbackInfo& info);

// useOneMallocArena(): from now on all threads allocate from one heap of glibc.
Napi::Value UseOneMallocArena(const Napi::CallbackInfo& info);

}  // namespace framegate
