// Reads plain JS objects into structs; all its errors have the same form. JS thread only. TypeScript has already
// checked the values; this checks them again, because a wrong value must not crash the process.
#pragma once

#include <napi.h>

#include <sstream>
#include <string>

namespace framegate {

class ObjectReader {
 public:
  explicit ObjectReader(const Napi::Object& object) : object_(object) {}

  ObjectReader& String(const char* key, std::string* out) {
    Napi::Value value = Get(key);
    if (value.IsUndefined()) return *this;
    if (!value.IsString()) return Fail(key, "a string");
    *out = value.As<Napi::String>().Utf8Value();
    return *this;
  }
  ObjectReader& Number(const char* key, double minimum, double maximum, double* out) {
    Napi::Value value = Get(key);
    if (value.IsUndefined()) return *this;
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : minimum - 1;
    if (!(number >= minimum && number <= maximum)) {
      std::ostringstream range;  // Without the trailing zeros of std::to_string.
      range << "a number from " << minimum << " to " << maximum;
      return Fail(key, range.str());
    }
    *out = number;
    return *this;
  }
  ObjectReader& Integer(const char* key, int minimum, int maximum, int* out) {
    double number = *out;
    Number(key, minimum, maximum, &number);
    *out = static_cast<int>(number);
    return *this;
  }
  ObjectReader& Boolean(const char* key, bool* out) {
    Napi::Value value = Get(key);
    if (value.IsUndefined()) return *this;
    if (!value.IsBoolean()) return Fail(key, "a boolean");
    *out = value.As<Napi::Boolean>().Value();
    return *this;
  }

  // Empty, or "width must be a number from 0 to 7680".
  const std::string& error() const { return error_; }

 private:
  Napi::Value Get(const char* key) { return object_.Get(key); }
  ObjectReader& Fail(const char* key, const std::string& expected) {
    if (error_.empty()) error_ = std::string(key) + " must be " + expected;
    return *this;
  }

  Napi::Object object_;
  std::string error_;
};

}  // namespace framegate
