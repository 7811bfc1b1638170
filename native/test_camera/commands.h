// The commands on stdin, one per line (main loop's thread).
#ifndef FRAMEGATE_TEST_CAMERA_COMMANDS_H_
#define FRAMEGATE_TEST_CAMERA_COMMANDS_H_

#include <glib.h>

#include <string>

#include "drawn_source.h"
#include "faults.h"
#include "feeder.h"
#include "media.h"
#include "sessions.h"

struct Camera {
  GMainLoop* loop;
  GstRTSPServer* server;
  GstRTSPMediaFactory* factory;
  const MediaContext* media;
  Options* options;  // The current ones.
  Sessions* sessions;
  Feeder* feeder;
  Faults* faults;
  DrawnSource* drawn;  // Null if the camera does not draw its picture.
};

// Runs `line`: a command and its arguments, separated by blanks.
void RunCommand(Camera* camera, const std::string& line);

// Runs the commands on stdin, in the default main context. The loop ends when stdin closes. `camera` must outlive the
// loop.
void WatchStdin(Camera* camera);

#endif  // FRAMEGATE_TEST_CAMERA_COMMANDS_H_
