// The RTSP server: address, credentials and the one path (main thread).
#ifndef FRAMEGATE_TEST_CAMERA_SERVER_H_
#define FRAMEGATE_TEST_CAMERA_SERVER_H_

#include <gst/rtsp-server/rtsp-server.h>

#include <string>

#include "options.h"

// A server for `factory` that does not listen yet (transfer full for both).
GstRTSPServer* NewServer(const Options& options, GstRTSPMediaFactory* factory);

// From now on, requires the credentials in `options`.
void SetCredentials(GstRTSPServer* server, const Options& options);

// Starts to listen, on the default main context. Returns the port, or 0 if that fails.
int Listen(GstRTSPServer* server);

// The address for clients on this machine, without credentials.
std::string Url(const Options& options, int port);

// The same with user name and password; empty if the camera requires none.
std::string LoginUrl(const Options& options, int port);

// Closes every connection and stops listening.
void ShutDown(GstRTSPServer* server);

#endif  // FRAMEGATE_TEST_CAMERA_SERVER_H_
