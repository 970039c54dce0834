// SPDX-License-Identifier: GPL-2.0
/*
 * Port I/O by hypercall: who is answered, single accesses, lists, and writes that wait in the
 * coalescing ring (KVM_CAP_X86_PIO_HYPERCALL).
 */
#include <linux/kvm_para.h>
#include <linux/sizes.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "../../../../../include/linux/pio_hypercall.h"

/* Of no device, in KVM or in the test; of ports, writes from 0x6000 on may wait in the ring. */
#define PORT		0x6000
#define MMIO_GPA	(4ull * SZ_1G)

struct call {
	u64 nr, rbx, rcx, rdx, rsi;
};

static struct call call;
static struct pio_hcall_access list[4];

static void make_call(struct call *c)
{
	if (host_cpu_is_amd_compatible)
		asm volatile("vmmcall"
			     : "+a"(c->nr), "+d"(c->rdx), "+S"(c->rsi)
			     : "b"(c->rbx), "c"(c->rcx) : "memory");
	else
		asm volatile("vmcall"
			     : "+a"(c->nr), "+d"(c->rdx), "+S"(c->rsi)
			     : "b"(c->rbx), "c"(c->rcx) : "memory");
}

static void guest_code(void)
{
	for (;;) {
		make_call(&call);
		GUEST_SYNC(0);
	}
}

/* The guest is about to make this call. */
static void set_call(struct kvm_vm *vm, u64 nr, u64 rbx, u64 rcx, u64 rdx, u64 rsi)
{
	call = (struct call){ nr, rbx, rcx, rdx, rsi };
	sync_global_to_guest(vm, call);
}

/* It has been made: these are what it says. */
static void assert_returned(struct kvm_vcpu *vcpu, long status, u64 rdx, u64 rsi)
{
	struct ucall uc;

	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	sync_global_from_guest(vcpu->vm, call);
	TEST_ASSERT_EQ((long)call.nr, status);
	TEST_ASSERT_EQ(call.rdx, rdx);
	TEST_ASSERT_EQ(call.rsi, rsi);
}

static void assert_pio(struct kvm_vcpu *vcpu, int direction, u16 port, u8 size)
{
	struct kvm_run *run = vcpu->run;

	TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_IO);
	TEST_ASSERT_EQ(run->io.direction, direction);
	TEST_ASSERT_EQ(run->io.port, port);
	TEST_ASSERT_EQ(run->io.size, size);
	TEST_ASSERT_EQ(run->io.count, 1);
}

static void *pio_data(struct kvm_vcpu *vcpu)
{
	return (void *)vcpu->run + vcpu->run->io.data_offset;
}

static void probe(struct kvm_vcpu *vcpu, bool answered)
{
	set_call(vcpu->vm, PIO_HCALL_PROBE, 0, 0, 7, 8);
	vcpu_run(vcpu);
	if (answered)
		assert_returned(vcpu, 0, PIO_HCALL_ABI_VERSION,
				PIO_HCALL_F_PIO | PIO_HCALL_F_STRING |
				PIO_HCALL_F_MMIO | PIO_HCALL_F_BATCH);
	else
		assert_returned(vcpu, -KVM_ENOSYS, 7, 8);
}

static void assert_refused(struct kvm_vm *vm, u64 flags)
{
	int r = __vm_enable_cap(vm, KVM_CAP_X86_PIO_HYPERCALL, flags);

	TEST_ASSERT(r == -1 && errno == EINVAL,
		    "flags 0x%lx: wanted EINVAL, got %d, errno %d", flags, r, errno);
}

static void test_enable(struct kvm_vcpu *vcpu)
{
	struct kvm_vm *vm = vcpu->vm;

	if (!kvm_get_module_param_bool("kvm", "pio_hypercall"))
		probe(vcpu, false);

	assert_refused(vm, BIT_ULL(2));
	assert_refused(vm, BIT_ULL(31));
	assert_refused(vm, KVM_X86_PIO_HYPERCALL_RING);

	vm_enable_cap(vm, KVM_CAP_X86_PIO_HYPERCALL, KVM_X86_PIO_HYPERCALL_ENABLE);
	probe(vcpu, true);
	vm_enable_cap(vm, KVM_CAP_X86_PIO_HYPERCALL, 0);
	probe(vcpu, false);
	vm_enable_cap(vm, KVM_CAP_X86_PIO_HYPERCALL, KVM_X86_PIO_HYPERCALL_ENABLE);
}

static void test_single(struct kvm_vcpu *vcpu)
{
	struct kvm_vm *vm = vcpu->vm;

	set_call(vm, PIO_HCALL_OUT, PORT, 2, 0x1234, 5);
	vcpu_run(vcpu);
	assert_pio(vcpu, KVM_EXIT_IO_OUT, PORT, 2);
	TEST_ASSERT_EQ(*(u16 *)pio_data(vcpu), 0x1234);
	vcpu_run(vcpu);
	assert_returned(vcpu, 0, 0x1234, 5);

	set_call(vm, PIO_HCALL_IN, PORT, 4, -1ull, 5);
	vcpu_run(vcpu);
	assert_pio(vcpu, KVM_EXIT_IO_IN, PORT, 4);
	*(u32 *)pio_data(vcpu) = 0x89abcdef;
	vcpu_run(vcpu);
	assert_returned(vcpu, 0, 0x89abcdef, 5);

	set_call(vm, PIO_HCALL_READ, MMIO_GPA, 8, 0, 5);
	vcpu_run(vcpu);
	TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_MMIO);
	TEST_ASSERT_EQ(vcpu->run->mmio.phys_addr, MMIO_GPA);
	TEST_ASSERT_EQ(vcpu->run->mmio.len, 8);
	TEST_ASSERT_EQ(vcpu->run->mmio.is_write, 0);
	*(u64 *)vcpu->run->mmio.data = 0x0123456789abcdef;
	vcpu_run(vcpu);
	assert_returned(vcpu, 0, 0x0123456789abcdef, 5);

	/* Nothing is cut off before it was looked at, and memory is not a register. */
	set_call(vm, PIO_HCALL_IN, 0x10000 + PORT, 1, 7, 8);
	vcpu_run(vcpu);
	assert_returned(vcpu, -KVM_EINVAL, 7, 8);
	set_call(vm, PIO_HCALL_READ, 0, 4, 7, 8);
	vcpu_run(vcpu);
	assert_returned(vcpu, -KVM_EFAULT, 7, 8);
}

/* Write, write, read. */
static u64 set_list(struct kvm_vm *vm)
{
	u64 gpa = addr_gva2gpa(vm, (gva_t)list);
	int i;

	for (i = 0; i < 2; i++)
		list[i] = (struct pio_hcall_access){
			.op = PIO_HCALL_OP_WRITE, .size = 1, .addr = PORT + i, .value = 0x10 + i,
		};
	list[2] = (struct pio_hcall_access){
		.op = PIO_HCALL_OP_READ, .space = PIO_HCALL_SPACE_MMIO, .size = 4,
		.addr = MMIO_GPA,
	};
	sync_global_to_guest(vm, list);
	set_call(vm, PIO_HCALL_BATCH, 0, 0, gpa, 3);
	return gpa;
}

static void finish_list(struct kvm_vcpu *vcpu, u64 gpa)
{
	TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_MMIO);
	TEST_ASSERT_EQ(vcpu->run->mmio.phys_addr, MMIO_GPA);
	*(u32 *)vcpu->run->mmio.data = 0xcafe;
	vcpu_run(vcpu);
	assert_returned(vcpu, 0, gpa + 3 * sizeof(*list), 0);
	sync_global_from_guest(vcpu->vm, list);
	TEST_ASSERT_EQ(list[2].value, 0xcafe);
}

static void test_list(struct kvm_vcpu *vcpu)
{
	u64 gpa = set_list(vcpu->vm);
	int i;

	for (i = 0; i < 2; i++) {
		vcpu_run(vcpu);
		assert_pio(vcpu, KVM_EXIT_IO_OUT, PORT + i, 1);
		TEST_ASSERT_EQ(*(u8 *)pio_data(vcpu), 0x10 + i);
	}
	vcpu_run(vcpu);
	finish_list(vcpu, gpa);
}

/* The same, with both writes in one exit. */
static void test_ring(struct kvm_vcpu *vcpu)
{
	struct kvm_coalesced_mmio_ring *ring;
	u64 gpa;
	int i;

	ring = (void *)vcpu->run + kvm_check_cap(KVM_CAP_COALESCED_MMIO) * getpagesize();
	vm_enable_cap(vcpu->vm, KVM_CAP_X86_PIO_HYPERCALL,
		      KVM_X86_PIO_HYPERCALL_ENABLE | KVM_X86_PIO_HYPERCALL_RING);
	TEST_ASSERT_EQ(ring->first, 0);
	TEST_ASSERT_EQ(ring->last, 0);

	gpa = set_list(vcpu->vm);
	/* Whoever does not empty it is asked again, and nothing else happens. */
	for (i = 0; i < 3; i++) {
		vcpu_run(vcpu);
		TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_COALESCED_RING);
		TEST_ASSERT_EQ(ring->first, 0);
		TEST_ASSERT_EQ(ring->last, 2);
	}
	for (i = 0; i < 2; i++) {
		struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[i];

		TEST_ASSERT_EQ(entry->phys_addr, PORT + i);
		TEST_ASSERT_EQ(entry->len, 1);
		TEST_ASSERT_EQ(entry->pio, 1);
		TEST_ASSERT_EQ(entry->data[0], 0x10 + i);
	}
	WRITE_ONCE(ring->first, ring->last);
	vcpu_run(vcpu);
	finish_list(vcpu, gpa);
}

int main(int argc, char *argv[])
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	TEST_REQUIRE(kvm_has_cap(KVM_CAP_X86_PIO_HYPERCALL));
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_COALESCED_PIO));

	vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	test_enable(vcpu);
	test_single(vcpu);
	test_list(vcpu);
	test_ring(vcpu);
	kvm_vm_free(vm);
	return 0;
}
