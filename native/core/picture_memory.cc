// Called on the threads of decoders; the blocks are reference-counted.
#include "picture_memory.h"

#include <gst/video/video.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace framegate {
namespace {

struct PictureMemory {
  GstMemory memory;
  std::shared_ptr<uint8_t> block;
};

GstMemory* Make(GstAllocator* allocator, std::shared_ptr<uint8_t> block, GstMemoryFlags flags,
                const gsize (&sizes)[4]) {
  auto* made = new (std::nothrow) PictureMemory();
  if (!made) return nullptr;
  made->block = std::move(block);
  gst_memory_init(&made->memory, flags, allocator, nullptr, sizes[0], sizes[1], sizes[2], sizes[3]);
  return &made->memory;
}

GstMemory* Allocate(GstAllocator* allocator, gsize size, GstAllocationParams* params) {
  const gsize align = params->align | (alignof(std::max_align_t) - 1);
  const gsize whole = params->prefix + size + params->padding;
  void* bytes = std::aligned_alloc(align + 1, (whole + align) & ~align);
  if (!bytes) return nullptr;
  return Make(allocator, {static_cast<uint8_t*>(bytes), std::free}, params->flags,
              {whole, align, params->prefix, size});
}

void Free(GstAllocator*, GstMemory* memory) { delete reinterpret_cast<PictureMemory*>(memory); }

gpointer Map(GstMemory* memory, gsize, GstMapFlags) { return reinterpret_cast<PictureMemory*>(memory)->block.get(); }

void Unmap(GstMemory*) {}

GstMemory* View(GstMemory* memory, gssize offset, gssize size) {
  const gsize begin = memory->offset + static_cast<gsize>(offset);
  const gsize length = size < 0 ? memory->size - static_cast<gsize>(offset) : static_cast<gsize>(size);
  return Make(memory->allocator, reinterpret_cast<PictureMemory*>(memory)->block, GST_MEMORY_FLAG_READONLY,
              {memory->maxsize, memory->align, begin, length});
}

void InitClass(gpointer type, gpointer) {
  auto* allocator = static_cast<GstAllocatorClass*>(type);
  allocator->alloc = Allocate;
  allocator->free = Free;
}

void Init(GTypeInstance* instance, gpointer) {
  GstAllocator* allocator = GST_ALLOCATOR(instance);
  allocator->mem_type = "FramegatePicture";
  allocator->mem_map = Map;
  allocator->mem_unmap = Unmap;
  allocator->mem_copy = View;
  GST_OBJECT_FLAG_SET(allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

GstAllocator* PictureAllocator() {
  static const GType type =
      g_type_register_static_simple(GST_TYPE_ALLOCATOR, "FramegatePictureAllocator", sizeof(GstAllocatorClass),
                                    InitClass, sizeof(GstAllocator), Init, static_cast<GTypeFlags>(0));
  static GstAllocator* const allocator = GST_ALLOCATOR(gst_object_ref_sink(g_object_new(type, nullptr)));
  return allocator;
}

}  // namespace

bool OfferPictureMemory(GstQuery* allocation) {
  GstCaps* caps = nullptr;
  gst_query_parse_allocation(allocation, &caps, nullptr);
  GstVideoInfo video;
  if (!caps || !gst_video_info_from_caps(&video, caps)) return false;
  GstAllocationParams params;
  gst_allocation_params_init(&params);
  gst_query_add_allocation_param(allocation, PictureAllocator(), &params);
  // avdec 1.22 needs a pool as well: without one, it copies pictures whose coded height is not their height.
  GstBufferPool* pool = gst_video_buffer_pool_new();
  gst_query_add_allocation_pool(allocation, pool, static_cast<guint>(GST_VIDEO_INFO_SIZE(&video)), 0, 0);
  gst_object_unref(pool);
  gst_query_add_allocation_meta(allocation, GST_VIDEO_META_API_TYPE, nullptr);
  return true;
}

}  // namespace framegate
