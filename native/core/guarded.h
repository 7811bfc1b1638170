// A value that can be accessed only while its mutex is held.
#pragma once

#include <condition_variable>
#include <mutex>

namespace framegate {

template <typename T>
class Guarded {
  template <typename Value>
  class Access {
   public:
    Access(std::mutex& mutex, Value& value) : lock_(mutex), value_(value) {}
    Value* operator->() const { return &value_; }
    Value& operator*() const { return value_; }

    // Releases the mutex and waits until `ready` holds, but at most for `duration`.
    template <typename Duration, typename Ready>
    void WaitFor(std::condition_variable& changed, Duration duration, Ready ready) {
      changed.wait_for(lock_, duration, ready);
    }

   private:
    std::unique_lock<std::mutex> lock_;
    Value& value_;
  };

 public:
  // The result holds the mutex during its lifetime.
  Access<T> Lock() { return Access<T>(mutex_, value_); }
  Access<const T> Lock() const { return Access<const T>(mutex_, value_); }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace framegate
