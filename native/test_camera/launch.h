// The text of the media's pipeline, made of checked numbers and words only (main thread).
#ifndef FRAMEGATE_TEST_CAMERA_LAUNCH_H_
#define FRAMEGATE_TEST_CAMERA_LAUNCH_H_

#include <string>

#include "options.h"
#include "source.h"

// `source` is null where the pipeline makes everything itself (audio alone).
std::string LaunchLine(const Options& options, const Source* source);

#endif  // FRAMEGATE_TEST_CAMERA_LAUNCH_H_
