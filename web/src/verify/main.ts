import { mount } from 'svelte';
import '$lib/state/theme.svelte';
import '../styles/index.css';
import Verify from './Verify.svelte';

mount(Verify, { target: document.getElementById('app')! });
