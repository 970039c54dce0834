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

/*
 * What one BATCH of R12 elements at R11 would do, by single calls.  R11 and R12
 * end as its RDX and RSI would; RAX is the status of the last call.
 */
	.globl pay_list_single, pay_list_single_end
pay_list_single:
1:	movzbl	1(%r11), %r9d		/* space: READ is IN + 4 */
	shl	$2, %r9d
	movzbl	2(%r11), %ecx
	mov	8(%r11), %rbx
	mov	16(%r11), %rdx
	cmpb	$1, (%r11)
	je	2f
	lea	0x50494f01(%r9), %rax	/* IN */
	vmmcall
	test	%rax, %rax
	jnz	4f
	mov	%rdx, 16(%r11)
	cmpb	$1, (%r11)
	jb	3f
	cmpb	$2, (%r11)
	je	2f
	and	24(%r11), %edx		/* CHECK */
	cmp	28(%r11), %edx
	jne	4f
	jmp	3f
2:	lea	0x50494f02(%r9), %rax	/* OUT */
	vmmcall
	test	%rax, %rax
	jnz	4f
3:	add	$32, %r11
	dec	%r12
	jnz	1b
4:	EXIT
pay_list_single_end:

/* The same INS, OUTS or BATCH (buffer R11, count R12) for ever; only an error ends. */
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

/*
 * R14 calls from a table at R15: RAX, RBX, RCX, RDX and RSI of each.  Of those that have
 * ended R12 counts the ones without an error, R13 the others.
 */
	.globl pay_calls, pay_calls_call, pay_calls_end
pay_calls:
1:	mov	(%r15), %rax
	mov	8(%r15), %rbx
	mov	16(%r15), %rcx
	mov	24(%r15), %rdx
	mov	32(%r15), %rsi
pay_calls_call:
	vmmcall
	test	%rax, %rax
	jz	2f
	inc	%r13
	jmp	3f
2:	inc	%r12
3:	add	$40, %r15
	dec	%r14
	jnz	1b
	EXIT
pay_calls_end:

/* RAX: the VMCB.  #VMEXIT clears GIF, hence STGI. */
	.globl pay_vmrun, pay_vmrun_end
pay_vmrun:
	vmrun
	stgi
	EXIT
pay_vmrun_end:

	.section .note.GNU-stack, "", @progbits
