// Starts GStreamer once per process. Takes up to 1.2 s if its plugin registry is cold, so never call it on the JS
// thread.
#pragma once

#include <string>
#include <vector>

namespace framegate {

// Returns an empty string, or why GStreamer cannot be used.
std::string EnsureGstInit();

// The elements that Framegate needs and this machine lacks. Calls EnsureGstInit().
std::vector<std::string> MissingElements();

// The version of the loaded library, such as "1.22.0".
std::string GstVersion();

}  // namespace framegate
