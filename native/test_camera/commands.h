// The commands that come in on stdin, one per line (main loop's thread).
#ifndef FRAMEGATE_TEST_CAMERA_COMMANDS_H_
#define FRAMEGATE_TEST_CAMERA_COMMANDS_H_

#include <glib.h>

#include <string>

#include "feeder.h"
#include "sessions.h"

struct Camera {
  GMainLoop* loop;
  Sessions* sessions;
  Feeder* feeder;
};

// Runs `line`, a command and its arguments with blanks between them.
void RunCommand(Camera* camera, const std::string& line);

// Runs what stdin says, from the default main context; its end ends the loop. `camera`
// must live as long as the loop runs.
void WatchStdin(Camera* camera);

#endif  // FRAMEGATE_TEST_CAMERA_COMMANDS_H_
