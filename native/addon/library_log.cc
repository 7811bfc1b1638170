// The log of GLib and GStreamer for JS. JS thread, except the wake.
#include "core/library_log.h"

#include "functions.h"

namespace framegate {
namespace {

// One reader of one JS environment, until the environment ends.
struct Reader {
  Napi::ThreadSafeFunction tsfn;
};

const char* NameOf(LibraryLevel level) {
  switch (level) {
    case LibraryLevel::kDebug:
      return "debug";
    case LibraryLevel::kInfo:
      return "info";
    case LibraryLevel::kWarning:
      break;
  }
  return "warn";
}

}  // namespace

Napi::Value ReadLibraryLog(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsBoolean() || !info[1].IsFunction()) {
    Napi::TypeError::New(env, "readLibraryLog expects a boolean and a function").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto* reader =
      new Reader{Napi::ThreadSafeFunction::New(env, info[1].As<Napi::Function>(), "framegate library log", 0, 1)};
  reader->tsfn.Unref(env);
  // After New(), so that it runs before the function's own hook: no thread calls a function that has ended.
  env.AddCleanupHook(
      [](Reader* ending) {
        RemoveLibraryReader(ending);
        ending->tsfn.Release();
        delete ending;
      },
      reader);
  SetLibraryReader(reader, info[0].As<Napi::Boolean>().Value(), [reader] { reader->tsfn.NonBlockingCall(); });
  return env.Undefined();
}

Napi::Value TakeLibraryLog(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const LibraryMessages taken = TakeLibraryMessages();
  Napi::Array messages = Napi::Array::New(env, taken.messages.size());
  for (size_t i = 0; i < taken.messages.size(); ++i) {
    Napi::Object message = Napi::Object::New(env);
    message.Set("level", NameOf(taken.messages[i].level));
    message.Set("text", taken.messages[i].text);
    messages.Set(static_cast<uint32_t>(i), message);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("messages", messages);
  object.Set("lost", static_cast<double>(taken.lost));
  return object;
}

}  // namespace framegate
