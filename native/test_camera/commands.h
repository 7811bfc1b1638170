// The commands that come in on stdin, one per line (main loop's thread).
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
  Options* options;  // As they are now.
  Sessions* sessions;
  Feeder* feeder;
  Faults* faults;
  DrawnSource* drawn;  // Null where it does not draw.
};

// Runs `line`, a command and its arguments with blanks between them.
void RunCommand(Camera* camera, const std::string& line);

// Runs what stdin says, from the default main context; its end ends the loop. `camera`
// must live as long as the loop runs.
void WatchStdin(Camera* camera);

#endif  // FRAMEGATE_TEST_CAMERA_COMMANDS_H_
