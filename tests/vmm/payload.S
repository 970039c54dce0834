/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest code that a single call cannot express.  load_code() turns VMMCALL
 * into VMCALL on Intel.
 *
 * The nested stub aside, a payload takes the call number in R8, because the
 * call returns its status in RAX.
 */
	.section .rodata
	.code64

#define EXIT	out %al, $0xf4

/* R9 times OUT, RDX counting up. */
	.globl pay_out_loop, pay_out_loop_end
pay_out_loop:
1:	mov	%r8, %rax
	vmmcall
	test	%rax, %rax
	jnz	2f
	inc	%rdx
	dec	%r9
	jnz	1b
2:	EXIT
pay_out_loop_end:

/* R9 times IN, the sum of what came in R10. */
	.globl pay_in_loop, pay_in_loop_end
pay_in_loop:
1:	mov	%r8, %rax
	mov	$-1, %rdx
	vmmcall
	test	%rax, %rax
	jnz	2f
	add	%rdx, %r10
	dec	%r9
	jnz	1b
2:	EXIT
pay_in_loop_end:

/* The same INS or OUTS (buffer R11, count R12) for ever; only an error ends. */
	.globl pay_str_forever, pay_str_forever_end
pay_str_forever:
1:	mov	%r8, %rax
	mov	%r11, %rdx
	mov	%r12, %rsi
	vmmcall
	test	%rax, %rax
	jz	1b
	EXIT
pay_str_forever_end:

/* RAX: the VMCB.  #VMEXIT clears GIF, hence STGI. */
	.globl pay_vmrun, pay_vmrun_end
pay_vmrun:
	vmrun
	stgi
	EXIT
pay_vmrun_end:

	.section .note.GNU-stack, "", @progbits
