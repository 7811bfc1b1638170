// The camera's ONVIF metadata: a payloader and its input (GStreamer's threads).
#ifndef FRAMEGATE_TEST_CAMERA_METADATA_PAY_H_
#define FRAMEGATE_TEST_CAMERA_METADATA_PAY_H_

#include <gst/gst.h>

// Registers the element "framegatemetadatapay" in this process, since Debian 12 has no such payloader. It sends each
// buffer of application/x-onvif-metadata as one RTP packet (ONVIF Streaming Specification 5.1.2.1).
bool RegisterMetadataPay();

// Pushes a small document into `appsrc` every second until it is shut down (transfer none).
void FeedMetadata(GstElement* appsrc);

#endif  // FRAMEGATE_TEST_CAMERA_METADATA_PAY_H_
