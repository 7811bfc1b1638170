// The media's pipeline as text, built only from checked numbers and words (main thread).
#ifndef FRAMEGATE_TEST_CAMERA_LAUNCH_H_
#define FRAMEGATE_TEST_CAMERA_LAUNCH_H_

#include <string>

#include "options.h"
#include "source.h"

// `source` is null if the pipeline makes everything itself (audio only).
std::string LaunchLine(const Options& options, const Source* source);

#endif  // FRAMEGATE_TEST_CAMERA_LAUNCH_H_
