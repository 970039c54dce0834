// SPDX-License-Identifier: GPL-2.0
/*
 * pv_ops.io by hypercall: the entry points that turn an instruction's registers
 * into a C call.
 */
#include <linux/cpufeature.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/linkage.h>
#include <linux/pio_hypercall.h>
#include <asm/frame.h>
#include <asm/paravirt.h>
#include "transport.h"

/*
 * As PV_CALLEE_SAVE_REGS_THUNK(), with the registers of pv_ops.io: port in %dx,
 * data in %rax, buffer in %rdi or %rsi, count in %rcx.
 */
#define PIO_THUNK(name, section, save, call, restore)			\
	asm(".pushsection " section ", \"ax\";"				\
	    ".globl " #name ";"						\
	    ".type " #name ", @function;"				\
	    ASM_FUNC_ALIGN						\
	    #name ":"							\
	    ASM_ENDBR							\
	    FRAME_BEGIN							\
	    save							\
	    PV_SAVE_ALL_CALLER_REGS					\
	    call							\
	    PV_RESTORE_ALL_CALLER_REGS					\
	    restore							\
	    FRAME_END							\
	    ASM_RET							\
	    ".size " #name ", .-" #name ";"				\
	    ".popsection")

#ifdef CONFIG_X86_64
#define PIO_SAVE_ALL		"push %rax;"
#define PIO_RESTORE_ALL		"pop %rax;"
#define PIO_SAVE_ARGS		""
#define PIO_RESTORE_ARGS	""
#define PIO_IN_ARGS(size)						\
	"movzwl %dx, %edi; movl $" #size ", %esi;"
#define PIO_OUT_ARGS(size)						\
	"movzwl %dx, %edi; movl %eax, %esi; movl $" #size ", %edx;"
#define PIO_INS_CALL(size)						\
	"movq %rdi, %rsi; movzwl %dx, %edi; movq %rcx, %rdx;"		\
	"movl $" #size ", %ecx; call pio_hcall_ins;"
#define PIO_OUTS_CALL(size)						\
	"movzwl %dx, %edi; movq %rcx, %rdx; movl $" #size ", %ecx;"	\
	"call pio_hcall_outs;"
#else
/* Arguments are in EAX, EDX, ECX and on the stack; a result may be in EDX, too. */
#define PIO_SAVE_ALL		"pushl %eax; pushl %edx;"
#define PIO_RESTORE_ALL		"popl %edx; popl %eax;"
#define PIO_SAVE_ARGS		"pushl %edx;"
#define PIO_RESTORE_ARGS	"popl %edx;"
#define PIO_IN_ARGS(size)						\
	"movzwl %dx, %eax; movl $" #size ", %edx;"
#define PIO_OUT_ARGS(size)						\
	"movzwl %dx, %ecx; movl %eax, %edx; movl %ecx, %eax;"		\
	"movl $" #size ", %ecx;"
#define PIO_STRING_CALL(size, buffer, func)				\
	"movzwl %dx, %eax; movl " buffer ", %edx; pushl $" #size ";"	\
	"call " func "; addl $4, %esp;"
#define PIO_INS_CALL(size)	PIO_STRING_CALL(size, "%edi", "pio_hcall_ins")
#define PIO_OUTS_CALL(size)	PIO_STRING_CALL(size, "%esi", "pio_hcall_outs")
#endif

#define PIO_IN_THUNK(bwl, size)						\
	PIO_THUNK(pio_hcall_pv_in##bwl, ".noinstr.text", PIO_SAVE_ARGS,	\
		  PIO_IN_ARGS(size) "call pio_hcall_in;", PIO_RESTORE_ARGS)

#define PIO_OUT_THUNK(bwl, size)					\
	PIO_THUNK(pio_hcall_pv_out##bwl, ".noinstr.text", PIO_SAVE_ALL,	\
		  PIO_OUT_ARGS(size) "call pio_hcall_out;", PIO_RESTORE_ALL)

#define PIO_INS_THUNK(bwl, size)					\
	PIO_THUNK(pio_hcall_pv_ins##bwl, ".text", PIO_SAVE_ALL,		\
		  PIO_INS_CALL(size), PIO_RESTORE_ALL)

#define PIO_OUTS_THUNK(bwl, size)					\
	PIO_THUNK(pio_hcall_pv_outs##bwl, ".text", PIO_SAVE_ALL,	\
		  PIO_OUTS_CALL(size), PIO_RESTORE_ALL)

PIO_IN_THUNK(b, 1);
PIO_IN_THUNK(w, 2);
PIO_IN_THUNK(l, 4);
PIO_OUT_THUNK(b, 1);
PIO_OUT_THUNK(w, 2);
PIO_OUT_THUNK(l, 4);
PIO_INS_THUNK(b, 1);
PIO_INS_THUNK(w, 2);
PIO_INS_THUNK(l, 4);
PIO_OUTS_THUNK(b, 1);
PIO_OUTS_THUNK(w, 2);
PIO_OUTS_THUNK(l, 4);

/**
 * pio_pv_init() - let in*() and out*() of the whole kernel be calls
 *
 * Context: before alternatives are applied, which turn calls through pv_ops.io into direct
 * calls or back into native instructions.
 */
void __init pio_pv_init(void)
{
	pv_ops_io.in8.func = pio_hcall_pv_inb;
	pv_ops_io.in16.func = pio_hcall_pv_inw;
	pv_ops_io.in32.func = pio_hcall_pv_inl;
	pv_ops_io.out8.func = pio_hcall_pv_outb;
	pv_ops_io.out16.func = pio_hcall_pv_outw;
	pv_ops_io.out32.func = pio_hcall_pv_outl;
	/* Even without string calls: a string, too, must find done what was written before. */
	pv_ops_io.ins8.func = pio_hcall_pv_insb;
	pv_ops_io.ins16.func = pio_hcall_pv_insw;
	pv_ops_io.ins32.func = pio_hcall_pv_insl;
	pv_ops_io.outs8.func = pio_hcall_pv_outsb;
	pv_ops_io.outs16.func = pio_hcall_pv_outsw;
	pv_ops_io.outs32.func = pio_hcall_pv_outsl;
	setup_force_cpu_cap(X86_FEATURE_PV_PIO);
}
