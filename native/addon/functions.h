// The addon's functions. ../../src/native.ts documents them for JS.
#pragma once

#include <napi.h>

namespace framegate {

// inspect(): resolves with GStreamer's version and the missing elements.
Napi::Value Inspect(const Napi::CallbackInfo& info);

// notify(socket, text): one datagram to a Unix socket; false if it could not be sent.
Napi::Value Notify(const Napi::CallbackInfo& info);

// tcpQueue(fd): the state of a TCP connection's send queue.
Napi::Value TcpQueue(const Napi::CallbackInfo& info);

// readLibraryLog(verbose, wake): what GLib and GStreamer report goes to takeLibraryLog() instead of standard error.
Napi::Value ReadLibraryLog(const Napi::CallbackInfo& info);

// takeLibraryLog(): what they have reported since the last call.
Napi::Value TakeLibraryLog(const Napi::CallbackInfo& info);

// headroom(descriptors, threads): what the process cannot have so many more of; null if it can.
Napi::Value Headroom(const Napi::CallbackInfo& info);

// limitZmqConnections(max): for all sockets of libzmq together; false if its accept() cannot be reached.
Napi::Value LimitZmqConnections(const Napi::CallbackInfo& info);

// refusedZmqConnections(): how many connections it has refused.
Napi::Value RefusedZmqConnections(const Napi::CallbackInfo& info);

// zmqConnections(): how many connections are open; counts only while the limit has effect.
Napi::Value ZmqConnections(const Napi::CallbackInfo& info);

// useOneMallocArena(): from now on, all threads allocate from one glibc arena.
Napi::Value UseOneMallocArena(const Napi::CallbackInfo& info);

}  // namespace framegate
