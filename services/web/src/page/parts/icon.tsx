const paths = {
  gavel: 'm13.6 3.4 7 7M8 9l7 7M9.4 7.6l4.2-4.2M16.4 14.6l4.2-4.2M10.6 12.4l-7 7M12 21h9',
  warning: 'M12 3 2.5 20h19L12 3Zm0 6.5v5m0 2.6v.4',
  empty: 'M3 9h18M3 9l3-5h12l3 5v10H3V9Zm6 4h6',
  check: 'm4 12.5 5 5 11-11',
  cross: 'M5 5l14 14M19 5 5 19',
  bell: 'M6 16V10a6 6 0 0 1 12 0v6l2 2H4l2-2Zm4 5h4',
  search: 'M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13Zm4.7-1.8L21 21',
  sun: 'M12 16.5a4.5 4.5 0 1 1 0-9 4.5 4.5 0 0 1 0 9ZM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M5 19l1.4-1.4M17.6 6.4 19 5',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  chain:
    'M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7L12.5 6M14 10a4 4 0 0 0-5.7 0l-3.6 3.6a4 4 0 0 0 5.7 5.7l1.1-1.3',
  clock: 'M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18Zm0-14v5l3 2',
  contrast:
    'M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18Zm0-18v18m0-14.5 5.8-2M12 10.2l7.6-2.6M12 13.8l8.6-2.9M12 17.4l8.2-2.8',
  person: 'M12 12a4 4 0 1 1 0-8 4 4 0 0 1 0 8Zm-8 9a8 8 0 0 1 16 0',
  star: 'm12 3.5 2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8L12 3.5Z',
  arrow: 'M5 12h14m-6-6 6 6-6 6'
} as const

export type IconName = keyof typeof paths

/** Drawn in the ink of its surroundings. It says nothing by itself: the words beside it do. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.7"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
