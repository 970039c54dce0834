/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_hcall

#if !defined(KVM_HCALL_MIRROR_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KVM_HCALL_MIRROR_TRACE_H

#include <linux/tracepoint.h>

/* A read of a mirrored register that was answered from userspace's page. */
TRACE_EVENT(kvm_hcall_mirror,
	TP_PROTO(unsigned int vcpu_id, bool mmio, u64 addr, u32 size, u64 value),
	TP_ARGS(vcpu_id, mmio, addr, size, value),

	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(bool, mmio)
		__field(u32, size)
		__field(u64, addr)
		__field(u64, value)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->mmio = mmio;
		__entry->size = size;
		__entry->addr = addr;
		__entry->value = value;
	),

	TP_printk("vcpu %u %s 0x%llx size %u value 0x%llx",
		  __entry->vcpu_id, __entry->mmio ? "mmio" : "pio",
		  __entry->addr, __entry->size, __entry->value)
);

#endif /* KVM_HCALL_MIRROR_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE mirror_trace

#include <trace/define_trace.h>
