/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_hcall

#if !defined(KVM_HCALL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KVM_HCALL_TRACE_H

#include <linux/pio_hypercall.h>
#include <linux/tracepoint.h>

#define hcall_print_nr(nr)				\
	__print_symbolic(nr,				\
		{ PIO_HCALL_PROBE, "probe" },		\
		{ PIO_HCALL_IN, "in" },			\
		{ PIO_HCALL_OUT, "out" },		\
		{ PIO_HCALL_INS, "ins" },		\
		{ PIO_HCALL_OUTS, "outs" },		\
		{ PIO_HCALL_READ, "read" },		\
		{ PIO_HCALL_WRITE, "write" },		\
		{ PIO_HCALL_BATCH, "batch" })

/* A call as the guest made it, before any check. */
TRACE_EVENT(kvm_hcall_call,
	TP_PROTO(unsigned int vcpu_id, u32 nr, u64 addr, u64 size, u64 data,
		 u64 count),
	TP_ARGS(vcpu_id, nr, addr, size, data, count),

	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(u32, nr)
		__field(u64, addr)
		__field(u64, size)
		__field(u64, data)
		__field(u64, count)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->nr = nr;
		__entry->addr = addr;
		__entry->size = size;
		__entry->data = data;
		__entry->count = count;
	),

	TP_printk("vcpu %u %s addr 0x%llx size %llu rdx 0x%llx rsi 0x%llx",
		  __entry->vcpu_id, hcall_print_nr(__entry->nr), __entry->addr,
		  __entry->size, __entry->data, __entry->count)
);

/*
 * Its end: status as the guest sees it in RAX, or 1 where the elements that are
 * left come with the next exit of the same call.
 */
TRACE_EVENT(kvm_hcall_done,
	TP_PROTO(unsigned int vcpu_id, u32 nr, s64 status, u64 data, u64 count),
	TP_ARGS(vcpu_id, nr, status, data, count),

	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(u32, nr)
		__field(s64, status)
		__field(u64, data)
		__field(u64, count)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->nr = nr;
		__entry->status = status;
		__entry->data = data;
		__entry->count = count;
	),

	TP_printk("vcpu %u %s status %lld rdx 0x%llx rsi 0x%llx",
		  __entry->vcpu_id, hcall_print_nr(__entry->nr),
		  __entry->status, __entry->data, __entry->count)
);

/*
 * An access of a list that was carried out; WRITE_BACK is two.  A write that
 * is in the coalescing ring is not in KVM's own kvm_pio and kvm_mmio.
 */
TRACE_EVENT(kvm_hcall_element,
	TP_PROTO(unsigned int vcpu_id, const struct pio_hcall_access *e,
		 bool write, bool ring),
	TP_ARGS(vcpu_id, e, write, ring),

	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(u8, space)
		__field(u8, size)
		__field(bool, write)
		__field(bool, ring)
		__field(u64, addr)
		__field(u64, value)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->space = e->space;
		__entry->size = e->size;
		__entry->write = write;
		__entry->ring = ring;
		__entry->addr = e->addr;
		__entry->value = e->value;
	),

	TP_printk("vcpu %u %s %s 0x%llx size %u value 0x%llx%s",
		  __entry->vcpu_id,
		  __entry->space == PIO_HCALL_SPACE_MMIO ? "mmio" : "pio",
		  __entry->write ? "write" : "read", __entry->addr,
		  __entry->size, __entry->value,
		  __entry->ring ? " ring" : "")
);

/* Userspace has had its chance to carry out the ring. */
TRACE_EVENT(kvm_hcall_flush,
	TP_PROTO(unsigned int vcpu_id, bool carried_out),
	TP_ARGS(vcpu_id, carried_out),

	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(bool, carried_out)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->carried_out = carried_out;
	),

	TP_printk("vcpu %u%s", __entry->vcpu_id,
		  __entry->carried_out ? "" : " not carried out")
);

#endif /* KVM_HCALL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE hcall_trace

#include <trace/define_trace.h>
