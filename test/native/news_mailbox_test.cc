// The mailbox between a session's threads and the JS thread.
#include "core/news_mailbox.h"

#include "check.h"

using namespace framegate;

namespace {

std::unique_ptr<JpegFrame> Frame(const std::string& rendition, int64_t received_at_us) {
  auto frame = std::make_unique<JpegFrame>();
  frame->rendition = rendition;
  frame->received_at_us = received_at_us;
  return frame;
}

TEST(ANewerFrameOfTheSameRenditionReplacesTheOlder) {
  NewsMailbox mailbox([] {});
  mailbox.PutFrame(Frame("a", 1));
  mailbox.PutFrame(Frame("b", 2));
  mailbox.PutFrame(Frame("a", 3));
  CHECK_EQ(mailbox.overwritten(), 1u);
  const PipelineNews news = mailbox.Take();
  CHECK_EQ(news.frames.size(), 2u);
  for (const auto& frame : news.frames) CHECK_EQ(frame->received_at_us, frame->rendition == "a" ? 3 : 2);
  CHECK(mailbox.Take().frames.empty());
  mailbox.PutFrame(Frame("a", 4));
  CHECK_EQ(mailbox.overwritten(), 1u);
}

TEST(ItWakesOnceUntilNewsIsTaken) {
  int wakes = 0;
  NewsMailbox mailbox([&] { ++wakes; });
  mailbox.PutLive(true);
  mailbox.PutFrame(Frame("a", 1));
  CHECK_EQ(wakes, 1);
  mailbox.Take();
  CHECK_EQ(wakes, 1);
  mailbox.PutFrame(Frame("a", 2));
  CHECK_EQ(wakes, 2);
}

TEST(EachKindOfNewsHasItsOwnSlot) {
  NewsMailbox mailbox([] {});
  StreamInfo stream;
  stream.codec = "h264";
  mailbox.PutStream(stream);
  mailbox.PutLive(true);
  mailbox.PutLive(false);
  mailbox.PutEnd(MakeError("ERR_SOURCE_CLOSED", "closed"));
  mailbox.PutFrame(Frame("a", 1));
  const PipelineNews news = mailbox.Take();
  CHECK(news.stream && news.stream->codec == "h264");
  CHECK(news.live == false);
  CHECK(news.ended && news.ended->code == "ERR_SOURCE_CLOSED");
  CHECK_EQ(news.frames.size(), 1u);
  const PipelineNews none = mailbox.Take();
  CHECK(!none.stream && !none.live && !none.ended && none.frames.empty());
}

}  // namespace

int main() { return check::RunTests(); }
