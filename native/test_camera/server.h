// The RTSP server: address, credentials and the one path (main thread).
#ifndef FRAMEGATE_TEST_CAMERA_SERVER_H_
#define FRAMEGATE_TEST_CAMERA_SERVER_H_

#include <gst/rtsp-server/rtsp-server.h>

#include <string>

#include "options.h"

// A server that does not listen yet and serves `factory` (transfer full for both).
GstRTSPServer* NewServer(const Options& options, GstRTSPMediaFactory* factory);

// Asks for what `options` name from now on.
void SetCredentials(GstRTSPServer* server, const Options& options);

// Starts to listen, on the default main context; the port, or 0 where that fails.
int Listen(GstRTSPServer* server);

// Where clients on this machine find it, without credentials.
std::string Url(const Options& options, int port);

// Closes every connection and stops listening.
void ShutDown(GstRTSPServer* server);

#endif  // FRAMEGATE_TEST_CAMERA_SERVER_H_
